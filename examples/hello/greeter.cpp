// The smallest service: one method, no state.
#include <troupe/troupe.hpp>

#include "hello.troupe.hpp"

namespace {

class greeter final : public hello::GreeterService {
 public:
  explicit greeter(std::string node) : node_(std::move(node)) {}

  troupe::task<> greet(troupe::context&, GreetParams::Reader params, GreetResults::Builder results) override {
    results.setGreeting("Hello, " + std::string(params.getName().cStr()) + "!");
    results.setFrom(node_);
    co_return;
  }

 private:
  std::string node_;
};

}  // namespace

int main(int argc, char** argv) {
  return troupe::run(argc, argv, [](troupe::node& node) {
    node.host<greeter>({.runs_on = troupe::placement::event_loop}, node.name());
  });
}
