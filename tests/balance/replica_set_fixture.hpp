// What the tests of this room play on.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include <troupe/balance/policy.hpp>
#include <troupe/balance/replica_set.hpp>
#include <troupe/balance/score.hpp>

namespace troupe::balance::test {

/// A replica set on a stage: reachable replicas by index, virtual time, one policy.
class bench {
 public:
  explicit bench(std::uint32_t count, policy_kind kind = policy_kind::dynamic_score, options settings = {})
      : settings_(settings), replicas(settings_, 1, now), by(make_policy(kind)) {
    for (std::uint32_t i = 0; i < count; ++i) add();
  }

  replica_index add(std::uint32_t weight = 100, distance far = distance::same_zone) {
    replica_facts facts;
    facts.node = {1000 + added_};
    facts.name = "r" + std::to_string(added_++);
    facts.weight = weight;
    facts.distance = far;
    const replica_index i = replicas.add(facts);
    replicas.set(i, standing::unreachable, false);
    return i;
  }

  choice pick(request what = {}) {
    const auto picked = replicas.pick(*by, what, random, now);
    REQUIRE(picked);
    return *picked;
  }
  choice begin(request what = {}) {
    const choice picked = pick(what);
    replicas.began(picked, now);
    return picked;
  }
  /// An attempt at `i`, whatever the policy prefers.
  choice begin_at(replica_index i) {
    request what;
    what.only = replicas.node_of(i);
    return begin(what);
  }
  void end(const choice& which, time_point started, outcome how = outcome::success,
           const rpc::load_report* load = nullptr) {
    completion it;
    it.started = started;
    it.depth = which.depth;
    it.outcome = how;
    it.load = load;
    replicas.ended(which.replica, which.life, it, now);
  }
  /// One call at `i` that takes `time`.
  void serve(replica_index i, duration time, outcome how = outcome::success,
             const rpc::load_report* load = nullptr) {
    const choice picked = begin_at(i);
    const time_point started = now;
    now += time;
    end(picked, started, how, load);
  }
  /// Everyone has answered a few times, alike, and is warm.
  void warm(duration time = 1ms) {
    for (int round = 0; round < 10; ++round)
      for (replica_index i = 0; i < replicas.size(); ++i) serve(i, time);
    now += 10s;
  }
  std::map<replica_index, int> picks(int count, request what = {}) {
    std::map<replica_index, int> share;
    for (int i = 0; i < count; ++i) ++share[pick(what).replica];
    return share;
  }
  candidate explained(replica_index i) const {
    for (const candidate& each : replicas.explain(0, now))
      if (each.node == replicas.node_of(i)) return each;
    return {};
  }
  /// As of the last pick.
  estimates seen(std::uint32_t group = 0) const { return replicas.at(group); }
  double term_of(replica_index i, score_term which) const {
    return explained(i).terms.at(static_cast<std::size_t>(which)).value;
  }

  time_point now{1000s};

 private:
  options settings_;
  std::uint64_t added_ = 0;

 public:
  replica_set replicas;
  std::unique_ptr<policy> by;
  random_source random{42};
};

inline request keyed(std::uint64_t key) {
  request what;
  what.key = key;
  return what;
}

inline rpc::load_report report(std::uint32_t in_flight, std::uint32_t workers = 1, duration service = 1ms) {
  rpc::load_report it;
  it.in_flight = in_flight;
  it.workers = workers;
  it.limit = workers * 100;
  it.service_time = service;
  return it;
}

}  // namespace troupe::balance::test
