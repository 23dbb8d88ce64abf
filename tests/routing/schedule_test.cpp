// Random schedules over the router: whatever nodes, links and replicas do, the promises to callers hold.
//
// Each seed is one life of one router: calls of every safety, criticality and hedging, answers, refusals of
// every kind (for overload, for bouncing, with and without the advice not to retry), broken, silent and
// congested links, nodes that come, drain, restart and go, and time that passes. An observer that knows only
// the actions checks the promises. TROUPE_SEEDS says how many seeds (default 200); TROUPE_SEED runs a single
// one.
#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>

#include "router_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::routing;
using namespace troupe::routing::test;
using retry::fate;
using rpc::safety;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

options settings_of(std::uint64_t seed) {
  options it;
  it.calls_max = seed % 5 == 0 ? 20 : 1000;
  it.retry.attempts_max = 1 + static_cast<std::uint32_t>(seed % 8);
  it.retry.budget_initial = static_cast<double>(seed % 7) * 5;
  it.retry.budget_max = it.retry.budget_initial + 20;
  it.policy = static_cast<balance::policy_kind>(seed % balance::policy_kinds().size());
  return it;
}

class schedule {
 public:
  explicit schedule(std::uint64_t seed)
      : seed_(seed), random_(seed), settings_(settings_of(seed)), it_(settings_, seed) {}

  /// What all seeds together must have met, or they prove little.
  struct met {
    std::uint64_t hedges = 0, backups = 0, failovers = 0, throttled = 0, told = 0, excused = 0, bounced = 0;
  };

  void run(met& into) {
    const int steps = 300 + static_cast<int>(random_.below(300));
    for (int i = 0; i < steps; ++i) step();
    settle();
    const auto& counted = it_.core.counted();
    into.hedges += counted.hedges;
    into.backups += counted.backups;
    into.failovers += counted.failovers;
    into.throttled += counted.throttled;
    into.bounced += counted.bounced;
    for (const auto& [id, call] : calls_) {
      into.told += call.told;
      into.excused += !call.excused.empty();
    }
  }

 private:
  struct seen_call {
    call_spec spec;
    std::map<attempt_id, fate> attempts;  // lost: also those under way
    std::set<attempt_id> excused;         // refused by a replica that will be back
    std::set<attempt_id> may_bounce;
    bool bounced = false;
    bool told = false;  // not to retry
    bool ended = false;
  };
  struct seen_attempt {
    call_id call;
    node_id to;
  };

  int any_node() { return 1 + static_cast<int>(random_.below(5)); }

  void step() {
    const std::uint32_t dice = random_.below(100);
    if (dice < 35) {
      begin();
    } else if (dice < 65) {
      resolve();
    } else if (dice < 75) {
      it_.appear(any_node());
    } else if (dice < 85) {
      it_.up(any_node());
    } else if (dice < 88) {
      break_link(any_node());
    } else {
      trouble(dice);
    }
    observe();
    if (random_.below(3) == 0) {
      pass(duration{static_cast<std::int64_t>(random_.unit() * 40e6)});
    }
  }

  void trouble(std::uint32_t dice) {
    const int number = any_node();
    switch (dice) {
      case 88:
        it_.core.fell_silent(node_number(number), it_.now, it_.out);
        break;
      case 89:
        it_.core.heard_from(node_number(number), it_.now);
        break;
      case 90:
        it_.core.link_congested(node_number(number), router::congested::yes, it_.now, it_.out);
        break;
      case 91:
      case 92:
        it_.core.link_congested(node_number(number), router::congested::no, it_.now, it_.out);
        break;
      case 93:
        it_.change(number, node_status::draining);
        break;
      case 94:
        it_.change(number, node_status::gone);
        break;
      case 95:
        it_.change(number, node_status::serving, random_.below(2) == 0);
        break;
      case 96: {
        node_view newer = it_.view(number);
        newer.self.epoch = {++epoch_};
        it_.appear(newer);
        break;
      }
      case 97:
        if (!calls_.empty()) it_.core.cancel(some(calls_)->first, it_.now, it_.out);
        break;
      case 98:
        it_.answer({random_()});
        break;
      default: {
        node_view bare = it_.view(number);
        bare.services.clear();
        it_.appear(bare);
      }
    }
  }

  template <class Map>
  typename Map::iterator some(Map& from) {
    auto found = from.lower_bound({random_()});
    if (found == from.end()) found = from.begin();
    return std::next(found, random_.below(2) && std::next(found) != from.end() ? 1 : 0);
  }

  void begin() {
    call_spec spec = it_.spec(static_cast<safety>(random_.below(3)),
                              duration{static_cast<std::int64_t>(random_.unit() * 400e6) - 1'000'000});
    spec.method = random_.below(40);
    spec.traits.hedge = static_cast<rpc::hedging>(random_.below(2));
    spec.traits.criticality = static_cast<rpc::criticality>(random_.below(3));
    if (random_.below(4) == 0) spec.affinity = random_();
    if (random_.below(10) == 0) spec.only = node_number(any_node());
    const call_id call = it_.core.begin(spec, it_.now, it_.out);
    REQUIRE_FALSE(calls_.contains(call));
    REQUIRE(router::slot_of(call) < settings_.calls_max);
    calls_[call].spec = spec;
    ++begun_;
    hedgeable_ += spec.traits.hedge == rpc::hedging::on;
  }

  // One open attempt gets an outcome. Attempts are looked up by a random id, so old and young ones mix.
  void resolve() {
    if (open_.empty()) return;
    const auto from = open_.begin();
    const auto chosen =
        std::next(from, random_.below(static_cast<std::uint32_t>(std::min<std::size_t>(open_.size(), 8))));
    const attempt_id attempt = chosen->first;
    seen_call& call = calls_.at(chosen->second.call);
    // A third of the seeds is a service that refuses most of what it gets.
    const std::uint32_t dice = seed_ % 3 == 0 && random_.below(3) > 0 ? 6 : random_.below(10);
    // The router hears of an attempt that it has given up on, too: a late answer.
    if (dice < 6) {
      open_.erase(chosen);
      call.attempts[attempt] = fate::answered;
      answer(attempt, dice < 4 ? code::ok : code::internal);
    } else if (dice == 6 && !call.bounced && call.may_bounce.contains(attempt)) {
      open_.erase(chosen);
      call.attempts[attempt] = fate::bounced;
      call.bounced = true;
      rpc::load_report load;
      load.in_flight = 20 + random_.below(20);
      load.service_time = 2ms;
      it_.bounce(attempt, load);
    } else if (dice < 8) {
      open_.erase(chosen);
      call.attempts[attempt] = fate::refused;
      refuse(call, attempt, dice == 6);
    } else {
      open_.erase(chosen);
      call.attempts[attempt] = fate::never_sent;
      it_.core.unsent(attempt, "full", it_.now, it_.out);
    }
  }

  void answer(attempt_id attempt, troupe::code code) {
    rpc::load_report load;
    load.in_flight = random_.below(20);
    load.queue_delay = random_.below(8) == 0 ? 20ms : 0ms;
    load.service_time = 2ms;
    it_.answer(attempt, code, &load);
  }

  void refuse(seen_call& call, attempt_id attempt, bool overloaded) {
    if (!overloaded) {
      call.excused.insert(attempt);
      it_.refuse(attempt, code::unavailable, "the service is being restarted");
    } else if (random_.below(10) == 0) {
      call.told = true;
      it_.refuse_for_good(attempt);
    } else {
      it_.refuse(attempt, code::resource_exhausted);
    }
  }

  void break_link(int number) {
    for (auto at = open_.begin(); at != open_.end();) {
      at = at->second.to == node_number(number) ? open_.erase(at) : std::next(at);
    }
    it_.down(number, "reset");
  }

  void pass(duration time) {
    const time_point end = it_.now + time;
    while (it_.core.next_deadline() <= end) {
      it_.now = std::max(it_.now, it_.core.next_deadline());
      it_.core.tick(it_.now, it_.out);
      observe();
    }
    it_.now = end;
    it_.core.tick(it_.now, it_.out);
    observe();
    for (const auto& [id, call] : calls_) REQUIRE((call.ended || it_.now <= call.spec.deadline + 1ms));
  }

  void observe() {
    for (const action& each : it_.out) {
      if (const auto* sent = std::get_if<transmit>(&each)) observe_transmit(*sent);
      if (const auto* done = std::get_if<finish>(&each)) observe_finish(*done);
      if (const auto* off = std::get_if<withdraw>(&each)) {
        REQUIRE(calls_.at(router::call_of(off->attempt)).attempts.contains(off->attempt));
      }
    }
    it_.out.clear();
    const auto& counted = it_.core.counted();
    const double seconds = to_seconds(it_.now - born_);
    const double granted = settings_.retry.budget_initial +
                           settings_.retry.budget_per_call * static_cast<double>(begun_) +
                           settings_.retry.budget_per_second * seconds;
    // Of a call's failovers, one may be free.
    REQUIRE(static_cast<double>(counted.backups) <= granted + 1e-6);
    REQUIRE(it_.core.retry_budget(it_.echo, it_.now) >= -1e-9);
    REQUIRE(static_cast<double>(counted.hedges) <=
            1 + settings_.retry.hedges_per_call * static_cast<double>(hedgeable_) + 1e-6);
    REQUIRE(static_cast<double>(counted.backups + counted.hedges + counted.failovers) <=
            granted + static_cast<double>(begun_) + 1e-6);
  }

  void observe_transmit(const transmit& sent) {
    seen_call& call = calls_.at(sent.call);
    REQUIRE_FALSE(call.ended);
    REQUIRE(sent.remaining > 0s);
    REQUIRE(sent.remaining <= call.spec.deadline - it_.now + 40ms);
    REQUIRE(router::call_of(sent.attempt) == sent.call);
    REQUIRE(sent.number >= 1);
    REQUIRE(sent.number <= 15);
    if (call.spec.only) REQUIRE(sent.to == call.spec.only);
    // An id is used again only when no answer to it can come any more.
    if (call.attempts.contains(sent.attempt))
      REQUIRE((call.attempts[sent.attempt] == fate::never_sent ||
               call.attempts[sent.attempt] == fate::bounced || call.excused.contains(sent.attempt)));
    call.excused.erase(sent.attempt);
    // No unsafe repeat: whatever was sent before came back unexecuted.
    if (call.spec.traits.safety == safety::unsafe)
      for (const auto& [id, reached] : call.attempts)
        REQUIRE((reached == fate::never_sent || reached == fate::refused || reached == fate::bounced));
    // Once a call, and its first attempt only; pinned, never.
    if (sent.bounce_at > 0) {
      REQUIRE(call.attempts.empty());
      REQUIRE_FALSE(call.spec.only);
      call.may_bounce.insert(sent.attempt);
    }
    call.attempts[sent.attempt] = fate::lost;
    std::uint32_t reached = 0;
    for (const auto& [id, how] : call.attempts)
      reached += how != fate::never_sent && how != fate::bounced && !call.excused.contains(id);
    REQUIRE(reached <= settings_.retry.attempts_max);
    open_[sent.attempt] = {sent.call, sent.to};
  }

  void observe_finish(const finish& done) {
    seen_call& call = calls_.at(done.call);
    REQUIRE_FALSE(call.ended);
    call.ended = true;
    if (done.winner) {
      REQUIRE(router::call_of(done.winner) == done.call);
      REQUIRE(call.attempts.at(done.winner) == fate::answered);
    } else {
      REQUIRE(done.failure.code != code::ok);
      REQUIRE_FALSE(done.failure.text.empty());
      REQUIRE((done.advice == rpc::advice::do_not_retry) == call.told);
    }
  }

  void settle() {
    pass(1s);
    for (const auto& [id, call] : calls_) REQUIRE(call.ended);
    REQUIRE(it_.core.calls_under_way() == 0);
    for (const auto& each : it_.core.explain(it_.echo, it_.now).candidates) REQUIRE(each.in_flight == 0);
  }

  std::uint64_t seed_;
  random_source random_;
  options settings_;
  router_fixture it_;
  time_point born_ = it_.now;
  std::uint64_t epoch_ = 1;
  std::uint64_t begun_ = 0;
  std::uint64_t hedgeable_ = 0;
  std::map<call_id, seen_call> calls_;
  std::map<attempt_id, seen_attempt> open_;
};

}  // namespace

TEST_CASE(
    "over random schedules every call ends once, in time, within its attempts, and never harmfully twice") {
  const std::uint64_t one = from_environment("TROUPE_SEED", 0);
  const std::uint64_t last = one != 0 ? one : from_environment("TROUPE_SEEDS", 200);
  schedule::met met;
  for (std::uint64_t seed = one != 0 ? one : 1; seed <= last; ++seed) {
    INFO("replay with TROUPE_SEED=", seed);
    schedule(seed).run(met);
  }
  if (one != 0) return;
  CHECK(met.hedges > 0);
  CHECK(met.backups > 0);
  CHECK(met.failovers > 0);
  CHECK(met.throttled > 0);
  CHECK(met.told > 0);
  CHECK(met.excused > 0);
  CHECK(met.bounced > 0);
}
