// Hosts a service and calls it, in one process, with nothing but an installed Troupe.
#include <cstdint>
#include <iostream>
#include <map>
#include <string>

#include <troupe/troupe.hpp>

#include "cart.troupe.hpp"

class cart_service final : public shop::CartService {
 public:
  troupe::task<> add(troupe::context&, AddParams::Reader params, AddResults::Builder results) override {
    auto& pieces = carts_[params.getUser()][params.getItem().getName()];
    pieces += params.getItem().getPieces();
    results.setCount(pieces);
    co_return;
  }

  troupe::task<> get(troupe::context&, GetParams::Reader params, GetResults::Builder results) override {
    const auto& cart = carts_[params.getUser()];
    auto items = results.initItems(static_cast<unsigned>(cart.size()));
    unsigned i = 0;
    for (const auto& [name, pieces] : cart) {
      items[i].setName(name);
      items[i++].setPieces(pieces);
    }
    co_return;
  }

 private:
  std::map<std::string, std::map<std::string, std::uint32_t>> carts_;
};

int main() {
  using namespace std::chrono_literals;

  troupe::node node({.cluster = "package", .listen = "127.0.0.1:0"});
  node.host<cart_service>({.runs_on = troupe::placement::event_loop});

  auto cart = node.client<shop::Cart>();
  const auto added = cart.add([](auto params) {
                           params.setUser("ann");
                           params.initItem().setName("apple");
                           params.getItem().setPieces(3);
                         })
                         .within(2s)
                         .wait();
  if (!added) {
    std::cerr << added.error().explain() << "\n";
    return 1;
  }
  const auto got = cart.get("ann").within(2s).wait();
  if (!got) {
    std::cerr << got.error().explain() << "\n";
    return 1;
  }
  if (got->getItems().size() != 1 || got->getItems()[0].getPieces() != 3) {
    std::cerr << "ann's cart does not hold what was put in\n";
    return 1;
  }
  std::cout << "ann has " << got->getItems()[0].getPieces() << " " << got->getItems()[0].getName().cStr()
            << "\n";
}
