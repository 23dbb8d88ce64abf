// A service of which it only matters who answers.
#include <troupe/troupe.hpp>

#include "policy.troupe.hpp"

namespace {

class desk final : public policy::DeskService {
 public:
  explicit desk(std::string node) : node_(std::move(node)) {}

  troupe::task<> ask(troupe::context&, AskParams::Reader, AskResults::Builder results) override {
    results.setFrom(node_);
    co_return;
  }

 private:
  std::string node_;
};

}  // namespace

int main(int argc, char** argv) {
  return troupe::run(argc, argv, [](troupe::node& node) {
    node.host<desk>({.runs_on = troupe::placement::event_loop}, node.name());
  });
}
