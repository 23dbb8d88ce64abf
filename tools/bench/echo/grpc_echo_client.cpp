// gRPC's side of the echo benchmark, calling: the asynchronous interface, one completion queue, one thread.
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "echo.grpc.pb.h"
#include "measurement.hpp"

namespace {

class load {
 public:
  explicit load(const bench::plan& plan)
      : measured_(plan),
        stub_(bench::EchoService::NewStub(
            grpc::CreateChannel(plan.address, grpc::InsecureChannelCredentials()))) {
    calls_.resize(plan.window);
    for (auto& each : calls_) begin(each, measured_.first());
  }

  int run() {
    void* tag = nullptr;
    bool fine = false;
    while (!measured_.over() && queue_.Next(&tag, &fine)) {
      auto& ended = *static_cast<std::unique_ptr<call>*>(tag);
      if (!ended->status.ok())
        measured_.failed(ended->status.error_message());
      else if (ended->reply.body().size() != body_.size())
        measured_.failed("an echo of another size");
      if (const auto next = measured_.next(ended->began)) begin(ended, *next);
    }
    return measured_.report();
  }

 private:
  struct call {
    bench::instant began;
    grpc::ClientContext context;
    bench::EchoMessage reply;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<bench::EchoMessage>> reader;
  };

  void begin(std::unique_ptr<call>& place, bench::instant when) {
    place = std::make_unique<call>();
    place->began = when;
    request_.set_id(++last_id_);
    request_.set_body(body_);
    place->reader = stub_->AsyncEcho(&place->context, request_, &queue_);
    place->reader->Finish(&place->reply, &place->status, &place);
  }

  bench::measurement measured_;
  std::unique_ptr<bench::EchoService::Stub> stub_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<call>> calls_;
  bench::EchoMessage request_;
  const std::string body_ = std::string(bench::body_bytes, '\0');
  std::uint64_t last_id_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto plan = bench::read_plan(argc, argv);
  return load(plan).run();
}
