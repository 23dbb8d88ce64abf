// Carts, in the memory of the replica that the user's name leads to; and the checkout, which calls the two
// other services.
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include <troupe/troupe.hpp>

#include "shop.troupe.hpp"

namespace {

using cart = std::map<std::string, std::uint32_t>;  // how many of each item

void write_items(const cart& from, capnp::List<shop::Item>::Builder to) {
  capnp::uint next = 0;
  for (const auto& [name, count] : from) {
    to[next].setName(name);
    to[next++].setCount(count);
  }
}

/// Whether the other side may have executed the call that failed so. Only these two codes leave it open: the
/// router gives UNAVAILABLE to an unsafe call whose link broke after sending, and a deadline may end a wait
/// for an answer. Everything else is the handler's own word, or a refusal.
bool may_have_happened(const troupe::call_error& problem) {
  return problem.code == troupe::code::unavailable || problem.code == troupe::code::deadline_exceeded;
}

class cart_service final : public shop::CartService {
 public:
  cart_service(troupe::client<shop::Inventory> inventory, troupe::client<shop::Payment> payment,
               std::string node)
      : inventory_(std::move(inventory)), payment_(std::move(payment)), node_(std::move(node)) {}

  troupe::task<> get(troupe::context&, GetParams::Reader params, GetResults::Builder results) override {
    results.setServedBy(node_);
    const auto found = carts_.find(params.getUser().cStr());
    if (found != carts_.end())
      write_items(found->second, results.initItems(static_cast<capnp::uint>(found->second.size())));
    co_return;
  }

  troupe::task<> add(troupe::context& ctx, AddParams::Reader params, AddResults::Builder results) override {
    const auto item = params.getItem();
    if (params.getUser().size() == 0 || item.getName().size() == 0 || item.getCount() == 0)
      co_return ctx.fail(troupe::code::invalid_argument,
                         "a user and an item with a name and a count are needed");
    auto& mine = carts_[params.getUser().cStr()];
    mine[item.getName().cStr()] = item.getCount();
    std::uint32_t sum = 0;
    for (const auto& [name, count] : mine) sum += count;
    results.setCount(sum);
  }

  troupe::task<> checkout(troupe::context& ctx, CheckoutParams::Reader params,
                          CheckoutResults::Builder results) override {
    const std::string user = params.getUser().cStr();
    // Taken out before the first co_await: other turns come between, and one may be a second checkout.
    const auto bought = std::exchange(carts_[user], {});
    if (bought.empty())
      co_return ctx.fail(troupe::code::failed_precondition, "the cart of " + user + " is empty");
    // No other call in the cluster has this id, so no other order has it.
    const auto order = ctx.call_id();

    const auto reserved = co_await inventory_.reserve(ctx, [&](auto to) {
      to.setOrderId(order);
      write_items(bought, to.initItems(static_cast<capnp::uint>(bought.size())));
    });
    if (!reserved) {
      co_await give_up(ctx, order, user, bought);
      co_return ctx.fail(reserved.error().code, "nothing was reserved: " + reserved.error().text);
    }

    const auto paid = co_await payment_.charge(ctx, user, reserved->getTotalCents(), order);
    if (!paid && may_have_happened(paid.error())) {
      // Its replica may still be there and know: asking is harmless.
      const auto found = co_await payment_.find(ctx, order);
      if (!found)
        co_return ctx.fail(troupe::code::unavailable,
                           "it is not known whether order " + order +
                               " was paid for; its goods stay reserved: " + paid.error().text);
    } else if (!paid) {
      co_await give_up(ctx, order, user, bought);
      co_return ctx.fail(paid.error().code, "nothing was paid: " + paid.error().text);
    }
    results.setOrderId(order);
    results.setTotalCents(reserved->getTotalCents());
  }

 private:
  /// Back to how it was before the checkout.
  troupe::task<> give_up(troupe::context& ctx, std::string order, std::string user, cart bought) {
    // Also where reserving failed: perhaps only its answer was lost. An order that is not known is no error.
    (void)co_await inventory_.release(ctx, order);
    carts_[user].merge(bought);  // what the user has put into the cart meanwhile goes before
  }

  troupe::client<shop::Inventory> inventory_;
  troupe::client<shop::Payment> payment_;
  std::string node_;
  std::map<std::string, cart> carts_;  // private to the actor: no locks
};

}  // namespace

int main(int argc, char** argv) {
  return troupe::run(argc, argv, [](troupe::node& node) {
    node.host<cart_service>({.runs_on = troupe::placement::event_loop}, node.client<shop::Inventory>(),
                            node.client<shop::Payment>(), node.name());
  });
}
