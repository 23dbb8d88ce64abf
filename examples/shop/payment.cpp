// Charges users, and keeps a book of it by call id, in which a call that is executed twice would show.
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include <troupe/troupe.hpp>

#include "shop.troupe.hpp"

namespace {

constexpr std::size_t book_max = 10'000;

struct charge_made {
  std::string call;
  std::string order;
  std::string user;
  std::uint64_t cents;
};

class payment_service final : public shop::PaymentService {
 public:
  troupe::task<> charge(troupe::context& ctx, ChargeParams::Reader params,
                        ChargeResults::Builder results) override {
    if (params.getCents() == 0)
      co_return ctx.fail(troupe::code::invalid_argument, "there is nothing to charge");
    const auto call = ctx.call_id();
    if (++executions_[call] == 2) ++executed_twice_;
    book_.push_back({call, params.getOrderId().cStr(), params.getUser().cStr(), params.getCents()});
    receipts_[book_.back().order] = "receipt-" + call;
    results.setReceipt("receipt-" + call);
    if (book_.size() > book_max) forget_oldest();
  }

  troupe::task<> find(troupe::context& ctx, FindParams::Reader params,
                      FindResults::Builder results) override {
    const auto known = receipts_.find(params.getOrderId().cStr());
    if (known == receipts_.end())
      co_return ctx.fail(troupe::code::not_found, "nothing was charged here for this order");
    results.setReceipt(known->second);
  }

  troupe::task<> report(troupe::context&, ReportParams::Reader, ReportResults::Builder results) override {
    auto charges = results.initCharges(static_cast<capnp::uint>(book_.size()));
    for (capnp::uint i = 0; i < charges.size(); ++i) {
      charges[i].setCallId(book_[i].call);
      charges[i].setOrderId(book_[i].order);
      charges[i].setUser(book_[i].user);
      charges[i].setCents(book_[i].cents);
    }
    results.setExecutedTwice(executed_twice_);
    co_return;
  }

 private:
  void forget_oldest() {
    executions_.erase(book_.front().call);
    receipts_.erase(book_.front().order);
    book_.pop_front();
  }

  std::deque<charge_made> book_;                     // oldest first
  std::map<std::string, std::uint32_t> executions_;  // by call id
  std::map<std::string, std::string> receipts_;      // by order
  std::uint32_t executed_twice_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  return troupe::run(argc, argv, [](troupe::node& node) {
    node.host<payment_service>({.runs_on = troupe::placement::event_loop});
  });
}
