// A service that does whatever a test wants, and nodes of one process to host it.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include <troupe/node/node.hpp>
#include <troupe/transport/socket.hpp>

#include "lab.troupe.hpp"

namespace lab {

using namespace std::chrono_literals;

/// Waits for something that must come: generous, as the machine may be busy.
template <class Condition>
bool eventually(Condition holds, std::chrono::milliseconds limit = 30s) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// What the handlers of a test share with it.
struct notes {
  std::atomic<bool> release{false};
  std::atomic<int> executed{0};
  std::atomic<int> cancelled{0};
  std::atomic<int> constructed{0};
  std::atomic<int> destroyed{0};
  std::atomic<int> constructions_that_throw{0};
  std::atomic<int> continued{0};
  std::atomic<int> inside{0}, most_inside{0};
  int tally = 0;  // written without a lock: the actor is one

  std::mutex mutex;
  std::map<std::string, int> executions;                   // by call id
  std::vector<std::pair<std::string, unsigned>> attempts;  // call id and number
  std::vector<std::string> nodes;                          // where
  std::string slow;                                        // the node whose swift calls hang

  std::string last_node() {
    const std::lock_guard lock(mutex);
    return nodes.empty() ? "" : nodes.back();
  }
};

class bench final : public BenchService {
 public:
  bench(std::string node, std::shared_ptr<notes> told, troupe::client<Aide> aide)
      : node_(std::move(node)), notes_(std::move(told)), aide_(std::move(aide)) {
    if (notes_->constructions_that_throw > 0) {
      --notes_->constructions_that_throw;
      throw std::runtime_error("the shelf is empty");
    }
    ++notes_->constructed;
  }
  ~bench() override { ++notes_->destroyed; }

  troupe::task<> echo(troupe::context&, EchoParams::Reader params, EchoResults::Builder results) override {
    ++notes_->executed;
    results.setText(params.getText());
    results.setNode(node_);
    co_return;
  }

  troupe::task<> put(troupe::context&, PutParams::Reader params, PutResults::Builder results) override {
    results.setPieces(pieces_[params.getItem().getName()] += params.getItem().getPieces());
    co_return;
  }

  troupe::task<> about(troupe::context& ctx, AboutParams::Reader params,
                       AboutResults::Builder results) override {
    ++notes_->executed;
    tell(ctx, results.initFacts(), params.getKey().cStr());
    co_return;
  }

  troupe::task<> fail(troupe::context& ctx, FailParams::Reader params,
                      FailResults::Builder results) override {
    const std::string how(params.getHow().cStr());
    ++notes_->executed;
    results.setText("never to be seen");
    if (how == "exception") throw std::runtime_error("out of paper");
    if (how == "something") throw 5;
    if (how == "application") throw troupe::application_error(troupe::code::not_found, "no such cart");
    if (how == "kj") KJ_FAIL_REQUIRE("a message of the handler's own");
    if (how == "results") results.initText((1u << 29) + 8);
    if (how == "suspended") {
      co_await ctx.sleep(5ms);
      throw troupe::application_error(troupe::code::aborted, "after a while");
    }
    co_return ctx.fail(troupe::code::out_of_range, "beyond the shelf");
  }

  troupe::task<> hold(troupe::context& ctx, HoldParams::Reader, HoldResults::Builder results) override {
    co_await held(ctx);
    tell(ctx, results.initFacts());
  }

  troupe::task<> charge(troupe::context& ctx, ChargeParams::Reader, ChargeResults::Builder results) override {
    co_await held(ctx);
    tell(ctx, results.initFacts());
  }

  static constexpr std::uint32_t until_released = ~std::uint32_t{0};
  troupe::task<> block(troupe::context&, BlockParams::Reader params, BlockResults::Builder) override {
    ++notes_->inside;
    if (params.getMillis() == until_released)
      eventually([this] { return notes_->release.load(); });
    else
      std::this_thread::sleep_for(std::chrono::milliseconds(params.getMillis()));
    --notes_->inside;
    co_return;
  }

  troupe::task<> relay(troupe::context& ctx, RelayParams::Reader params,
                       RelayResults::Builder results) override {
    const std::string how(params.getHow().cStr());
    if (how == "wait") {
      const auto reply = aide_.about(0).wait();
      results.setText(reply ? "it blocked" : reply.error().explain());
    } else if (how == "then") {
      aide_.about(0).then([told = notes_](auto reply) {
        // In a turn of this actor, where waiting is refused.
        if (reply) ++told->continued;
      });
    } else if (how == "die") {
      aide_.about(0).then([](auto) { throw std::runtime_error("a continuation that throws"); });
      co_await ctx.sleep(1h);
    } else if (how == "value") {
      const auto reply = co_await aide_.about(ctx, [](auto asked) { asked.setMillis(60'000); }).within(30ms);
      (void)reply.value();
    } else {
      const auto reply = co_await aide_.about(ctx, how == "slow" ? 60'000 : 0);
      if (!reply) co_return ctx.fail(reply.error());
      results.setFacts(reply->getFacts());
      results.setText(ctx.trace().traceparent());
    }
  }

  troupe::task<> tally(troupe::context& ctx, TallyParams::Reader params, TallyResults::Builder) override {
    const int now = ++notes_->inside;
    if (now > notes_->most_inside) notes_->most_inside = now;
    const int seen = notes_->tally;
    std::this_thread::yield();
    notes_->tally = seen + 1;
    if (params.getSuspend()) co_await ctx.sleep(20ms);
    --notes_->inside;
  }

  troupe::task<> walk(troupe::context&, WalkParams::Reader params, WalkResults::Builder results) override {
    std::uint32_t depth = 0;
    for (auto tree = params.getTree(); tree.hasChild(); tree = tree.getChild()) ++depth;
    results.setDepth(depth);
    co_return;
  }

  troupe::task<> minor(troupe::context& ctx, MinorParams::Reader params,
                       MinorResults::Builder results) override {
    return ranked(ctx, params.getHow().cStr(), results.initFacts());
  }
  troupe::task<> major(troupe::context& ctx, MajorParams::Reader params,
                       MajorResults::Builder results) override {
    return ranked(ctx, params.getHow().cStr(), results.initFacts());
  }

  troupe::task<> swift(troupe::context& ctx, SwiftParams::Reader, SwiftResults::Builder) override {
    bool hangs = false;
    {
      const std::lock_guard lock(notes_->mutex);
      hangs = notes_->slow == node_;
    }
    while (hangs && !notes_->release && !ctx.cancelled()) co_await ctx.sleep(1ms);
    if (ctx.cancelled()) ++notes_->cancelled;
  }

  troupe::task<> bulk(troupe::context&, BulkParams::Reader params, BulkResults::Builder results) override {
    ++notes_->executed;
    results.initData(params.getBytes());
    co_return;
  }

 private:
  troupe::task<> ranked(troupe::context& ctx, std::string how, Facts::Builder facts) {
    if (how == "ask") {
      const auto reply = co_await aide_.about(ctx, 0);
      facts.setCriticality(reply.value().getFacts().getCriticality());
    } else if (how == "insist") {
      const auto reply = co_await aide_.urgent(ctx);
      facts.setCriticality(reply.value().getFacts().getCriticality());
    } else if (how == "hold") {
      co_await held(ctx);
    } else {
      const std::lock_guard lock(notes_->mutex);
      notes_->attempts.emplace_back(to_string(ctx.criticality()), ctx.attempt());
    }
  }

  troupe::task<> held(troupe::context& ctx) {
    {
      const std::lock_guard lock(notes_->mutex);
      ++notes_->executions[ctx.call_id()];
      notes_->attempts.emplace_back(ctx.call_id(), ctx.attempt());
      notes_->nodes.push_back(node_);
    }
    ++notes_->executed;
    while (!notes_->release && !ctx.cancelled()) co_await ctx.sleep(2ms);
    if (ctx.cancelled()) ++notes_->cancelled;
  }

  void tell(const troupe::context& ctx, Facts::Builder to, const std::string& key = "") {
    to.setNode(node_);
    to.setCallId(ctx.call_id());
    to.setAttempt(ctx.attempt());
    to.setCaller(ctx.caller());
    to.setTrace(ctx.trace().traceparent());
    to.setMetadata(std::string(ctx.metadata(key)));
    to.setRemainingMicros(std::chrono::duration_cast<std::chrono::microseconds>(ctx.remaining()).count());
  }

  std::string node_;
  std::shared_ptr<notes> notes_;
  troupe::client<Aide> aide_;
  std::map<std::string, std::uint32_t> pieces_;
};

class aide final : public AideService {
 public:
  explicit aide(std::string node) : node_(std::move(node)) {}
  troupe::task<> about(troupe::context& ctx, AboutParams::Reader params,
                       AboutResults::Builder results) override {
    for (auto left = params.getMillis(); left > 0 && !ctx.cancelled(); --left) co_await ctx.sleep(1ms);
    auto to = results.initFacts();
    to.setCriticality(std::string(to_string(ctx.criticality())));
    to.setNode(node_);
    to.setCaller(ctx.caller());
    to.setTrace(ctx.trace().traceparent());
    to.setRemainingMicros(std::chrono::duration_cast<std::chrono::microseconds>(ctx.remaining()).count());
  }

  troupe::task<> urgent(troupe::context& ctx, UrgentParams::Reader, UrgentResults::Builder results) override {
    results.initFacts().setCriticality(std::string(to_string(ctx.criticality())));
    co_return;
  }

 private:
  std::string node_;
};

/// A node of a small cluster: quiet, and never impatient on a busy machine unless a test wants it.
inline troupe::node_options options_of(std::string name, std::vector<std::string> join = {}) {
  troupe::node_options options;
  options.name = std::move(name);
  options.cluster = "lab";
  options.join = std::move(join);
  options.log_level = "off";
  options.routing.stall_unknown = 30s;
  options.drain_limit = 20s;
  return options;
}

inline void host_bench(troupe::node& on, const std::shared_ptr<notes>& told,
                       const troupe::hosting& how = {}) {
  on.host<bench>(how, on.name(), told, on.client<Aide>());
}

inline std::string address_of(const troupe::node& of) { return troupe::to_string(of.address()); }

/// How many living nodes `of` knows to serve it.
inline std::size_t servers_known(const troupe::node& of, std::string_view service) {
  std::size_t count = 0;
  for (const auto& member : of.members()) {
    if (member.state != troupe::membership::state::alive) continue;
    for (const auto& offered : member.document.services) count += offered.name == service ? 1 : 0;
  }
  return count;
}

/// Breaks every connection of this process whose other end is `to`, as a network would.
inline int cut_links_to(const troupe::endpoint& to) {
  int cut = 0;
  for (int fd = 3; fd < 4096; ++fd) {
    troupe::transport::socket_address peer;
    peer.size = sizeof peer.storage;
    if (::getpeername(fd, peer.get(), &peer.size) != 0) continue;
    if (troupe::transport::from_kernel(peer.storage) == to && ::shutdown(fd, SHUT_RDWR) == 0) ++cut;
  }
  return cut;
}

}  // namespace lab
