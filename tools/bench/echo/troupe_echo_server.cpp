// Troupe's side of the echo benchmark, serving: troupe_echo_server [event_loop|pool|thread] [node options].
#include <cstdio>

#include <troupe/troupe.hpp>

#include "echo.troupe.hpp"

namespace {

class echo_service final : public bench::EchoService {
 public:
  troupe::task<> echo(troupe::context&, EchoParams::Reader params, EchoResults::Builder results) override {
    results.setId(params.getId());
    results.setBody(params.getBody());
    co_return;
  }
};

troupe::placement placement_in(const std::vector<std::string>& words) {
  const std::string word = words.empty() ? "event_loop" : words.front();
  for (const auto each : {troupe::placement::event_loop, troupe::placement::pool, troupe::placement::thread})
    if (word == to_string(each)) return each;
  throw std::invalid_argument("a service runs on event_loop, pool or thread, not on " + word);
}

}  // namespace

int main(int argc, char** argv) {
  return troupe::run(argc, argv, {.log_level = "error"}, [](troupe::node& node) {
    node.host<echo_service>({.runs_on = placement_in(node.arguments()), .in_flight_max = 100'000});
    std::printf("%s\n", to_string(node.address()).c_str());
    std::fflush(stdout);
  });
}
