// A warehouse: goods, and what orders have reserved of them.
#include <cstdint>
#include <map>
#include <string>

#include <troupe/troupe.hpp>

#include "shop.troupe.hpp"

namespace {

struct goods {
  std::uint32_t count;
  std::uint32_t cents;  // one of it
};

struct reservation {
  std::map<std::string, std::uint32_t> items;
  std::uint64_t cents = 0;
};

class inventory_service final : public shop::InventoryService {
 public:
  troupe::task<> reserve(troupe::context& ctx, ReserveParams::Reader params,
                         ReserveResults::Builder results) override {
    const std::string order = params.getOrderId().cStr();
    // Repeated: the first answer was lost on its way.
    if (const auto known = reserved_.find(order); known != reserved_.end()) {
      results.setTotalCents(known->second.cents);
      co_return;
    }
    reservation wanted;
    for (const auto item : params.getItems()) wanted.items[item.getName().cStr()] += item.getCount();
    for (const auto& [name, count] : wanted.items) {
      const auto held = shelves_.find(name);
      if (held == shelves_.end()) co_return ctx.fail(troupe::code::not_found, "this shop sells no " + name);
      if (held->second.count < count)
        co_return ctx.fail(troupe::code::failed_precondition,
                           "there are " + std::to_string(held->second.count) + " of " + name + ", not " +
                               std::to_string(count));
      wanted.cents += std::uint64_t{held->second.cents} * count;
    }
    for (const auto& [name, count] : wanted.items) shelves_[name].count -= count;
    results.setTotalCents(wanted.cents);
    reserved_.emplace(order, std::move(wanted));
  }

  troupe::task<> release(troupe::context&, ReleaseParams::Reader params, ReleaseResults::Builder) override {
    const auto known = reserved_.find(params.getOrderId().cStr());
    if (known == reserved_.end()) co_return;
    for (const auto& [name, count] : known->second.items) shelves_[name].count += count;
    reserved_.erase(known);
  }

  troupe::task<> stock(troupe::context& ctx, StockParams::Reader params,
                       StockResults::Builder results) override {
    const std::string name = params.getItem().cStr();
    const auto held = shelves_.find(name);
    if (held == shelves_.end()) co_return ctx.fail(troupe::code::not_found, "this shop sells no " + name);
    results.setCount(held->second.count);
    results.setCents(held->second.cents);
  }

 private:
  std::map<std::string, goods> shelves_{
      {"tea", {10'000, 450}}, {"cup", {10'000, 1200}}, {"kettle", {1'000, 5900}}, {"samovar", {1, 99900}}};
  std::map<std::string, reservation> reserved_;  // by order
};

}  // namespace

int main(int argc, char** argv) {
  return troupe::run(argc, argv, [](troupe::node& node) {
    node.host<inventory_service>({.runs_on = troupe::placement::event_loop});
  });
}
