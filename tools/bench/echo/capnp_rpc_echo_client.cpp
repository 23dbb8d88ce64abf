// Cap'n Proto RPC's side of the echo benchmark, calling: kj's event loop, one thread.
#include <cstdio>

#include <capnp/ez-rpc.h>

#include "echo.capnp.h"
#include "measurement.hpp"

namespace {

struct load {
  load(const bench::plan& plan, bench::Echo::Client echoes) : measured(plan), echo(std::move(echoes)) {}

  // A chain of promises that only ever grows at its end would keep its memory, so each call is a task of
  // its own.
  kj::Promise<void> call(bench::instant began) {
    auto request = echo.echoRequest();
    request.setId(++last_id);
    request.setBody(kj::arrayPtr(body.data(), body.size()));
    return request.send().then([this, began](capnp::Response<bench::Echo::EchoResults> reply) {
      if (reply.getBody().size() != body.size()) measured.failed("an echo of another size");
      if (const auto next = measured.next(began))
        tasks->add(call(*next));
      else if (measured.over())
        over.fulfiller->fulfill();
    });
  }

  bench::measurement measured;
  bench::Echo::Client echo;
  std::array<kj::byte, bench::body_bytes> body{};
  std::uint64_t last_id = 0;
  kj::PromiseFulfillerPair<void> over = kj::newPromiseAndFulfiller<void>();
  kj::TaskSet* tasks = nullptr;
};

class failures final : public kj::TaskSet::ErrorHandler {
 public:
  explicit failures(load& made) : load_(made) {}
  void taskFailed(kj::Exception&& problem) override {
    load_.measured.failed(problem.getDescription().cStr());
    load_.over.fulfiller->reject(kj::mv(problem));
  }

 private:
  load& load_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto plan = bench::read_plan(argc, argv);
  capnp::EzRpcClient client(plan.address.c_str());
  load made(plan, client.getMain<bench::Echo>());
  failures failed(made);
  kj::TaskSet tasks(failed);
  made.tasks = &tasks;
  for (unsigned i = 0; i < plan.window; ++i) tasks.add(made.call(made.measured.first()));
  made.over.promise.wait(client.getWaitScope());
  return made.measured.report();
}
