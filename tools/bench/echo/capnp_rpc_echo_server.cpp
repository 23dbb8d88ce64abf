// Cap'n Proto RPC's side of the echo benchmark, serving: kj's event loop, one thread.
#include <cstdio>

#include <capnp/ez-rpc.h>
#include <kj/async-io.h>

#include "echo.capnp.h"

namespace {

class echo_service final : public bench::Echo::Server {
 protected:
  kj::Promise<void> echo(EchoContext call) override {
    const auto params = call.getParams();
    auto results = call.getResults();
    results.setId(params.getId());
    results.setBody(params.getBody());
    return kj::READY_NOW;
  }
};

}  // namespace

int main() {
  capnp::EzRpcServer server(kj::heap<echo_service>(), "127.0.0.1");
  auto& scope = server.getWaitScope();
  std::printf("127.0.0.1:%u\n", server.getPort().wait(scope));
  std::fflush(stdout);
  kj::NEVER_DONE.wait(scope);
}
