// A customer: fills the cart, looks into it, and pays.
#include <cstdio>
#include <string>

#include <troupe/troupe.hpp>

#include "shop.troupe.hpp"

namespace {

using namespace std::chrono_literals;

int complain(const troupe::call_error& problem) {
  std::fprintf(stderr, "%s\n", problem.explain().c_str());
  return 1;
}

/// A router chooses among the replicas that it has a link to, and this program's has only begun: without this
/// the first calls would go to whichever answers first, not to the user's own.
void meet_carts(const troupe::node& node) {
  const auto cart = node.client<shop::Cart>();
  for (const auto& member : node.members())
    for (const auto& served : member.document.services)
      if (served.name == "shop.Cart") (void)cart.get("").within(100ms).on(member.self.node).wait();
}

int buy(const troupe::client<shop::Cart>& cart, const std::string& user, int items, char** names) {
  for (int i = 0; i < items; ++i) {
    const auto added = cart.add([&](auto to) {
                             to.setUser(user);
                             to.initItem().setName(names[i]);
                           })
                           .wait();
    if (!added) return complain(added.error());
  }
  const auto seen = cart.get(user).wait();
  if (!seen) return complain(seen.error());
  std::printf("the cart of %s, at %s:\n", user.c_str(), seen->getServedBy().cStr());
  for (const auto item : seen->getItems()) std::printf("  %u %s\n", item.getCount(), item.getName().cStr());
  const auto done = cart.checkout(user).wait();
  if (!done) return complain(done.error());
  std::printf("order %s: %.2f paid\n", done->getOrderId().cStr(),
              static_cast<double>(done->getTotalCents()) / 100);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fputs("usage: shop_buy ADDRESS:PORT USER ITEM...\n", stderr), 2;
  try {
    auto node = troupe::node::join(
        argv[1], {.cluster = "shop", .role = troupe::gossip::role::observer, .log_level = "warn"});
    meet_carts(node);
    return buy(node.client<shop::Cart>(), argv[2], argc - 3, argv + 3);
  } catch (const troupe::start_error& problem) {
    return std::fprintf(stderr, "shop_buy: %s\n", problem.what()), 1;
  }
}
