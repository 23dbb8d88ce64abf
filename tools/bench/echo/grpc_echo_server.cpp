// gRPC's side of the echo benchmark, serving: the asynchronous interface, one completion queue, one thread.
#include <cstdio>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "echo.grpc.pb.h"

namespace {

/// One request, from its arrival to the end of its answer; then it waits for another one.
class exchange {
 public:
  exchange(bench::EchoService::AsyncService& service, grpc::ServerCompletionQueue& queue)
      : service_(service), queue_(queue) {
    await();
  }

  void proceed() {
    if (answered_) return await();
    answered_ = true;
    now_->reply.set_id(now_->request.id());
    now_->reply.set_body(now_->request.body());
    now_->writer.Finish(now_->reply, grpc::Status::OK, this);
  }

 private:
  struct state {
    grpc::ServerContext context;
    bench::EchoMessage request;
    bench::EchoMessage reply;
    grpc::ServerAsyncResponseWriter<bench::EchoMessage> writer{&context};
  };

  void await() {
    answered_ = false;
    now_ = std::make_unique<state>();
    service_.RequestEcho(&now_->context, &now_->request, &now_->writer, &queue_, &queue_, this);
  }

  bench::EchoService::AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  std::unique_ptr<state> now_;
  bool answered_ = false;
};

}  // namespace

int main() {
  int port = 0;
  bench::EchoService::AsyncService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  // As many as the largest window, so that no request waits for one to be free.
  std::vector<std::unique_ptr<exchange>> exchanges;
  for (int i = 0; i < 1024; ++i) exchanges.push_back(std::make_unique<exchange>(service, *queue));
  std::printf("127.0.0.1:%d\n", port);
  std::fflush(stdout);
  void* tag = nullptr;
  for (bool fine = false; queue->Next(&tag, &fine) && fine;) static_cast<exchange*>(tag)->proceed();
}
