// One part of a core under test: a step without the other parts, in virtual time.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/step.hpp>

#include "facts.hpp"

namespace troupe::membership {

/// Node 1, at epoch 10, with whom the test adds to its table.
struct step_fixture {
  explicit step_fixture(const options& chosen = {}) : settings(chosen) {
    known_node mine;
    mine.self = life_of(1);
    mine.who = make_attributes("node-1", address_of(1));
    table.insert(std::move(mine), random);
  }

  options settings;
  random_source random{42};
  time_point now = time_point{} + 1h;
  member_table table{life_of(1), settings.graves_max};
  membership::departed gone{now};
  reach reached;
  local_health health{settings.health_max};
  gossiper gossip{settings, now};
  sync_schedule syncs{now + 1h, now};
  event_batch events{settings, now};
  counters counted;
  std::uint64_t next_sequence = 1000;
  actions out;

  step at() {
    return {settings, random, table,   gone,          reached, health, gossip,
            syncs,    events, counted, next_sequence, now,     out};
  }
  actions take() { return std::exchange(out, {}); }
  /// What has happened so far.
  happened happenings() {
    std::vector<event> all;
    events.release_all(now, all);
    return kinds(all);
  }

  known_node& add(std::uint64_t node, state value = state::alive) {
    known_node one;
    one.self = life_of(node);
    one.who = make_attributes("node-" + std::to_string(node), address_of(node));
    one.state = value;
    one.since = now;
    return table.insert(std::move(one), random);
  }
  /// 2 to `last` are alive.
  void add_up_to(std::uint64_t last) {
    for (std::uint64_t node = 2; node <= last; ++node) add(node);
  }
  known_node& known(std::uint64_t node) { return *table.find({node}); }
  state seen(std::uint64_t node) const { return table.find({node})->state; }

  /// From `peer` to this node.
  static packet from(std::uint64_t peer, packet_kind kind, std::vector<update> updates = {}) {
    packet what;
    what.kind = kind;
    what.from = life_of(peer);
    what.from_address = address_of(peer);
    what.updates = std::move(updates);
    return what;
  }
  /// Its target's own answer.
  static packet ack_of(const packet& ping) {
    auto answer = from(ping.target.node.value, packet_kind::ack);
    answer.from = answer.target = ping.target;
    answer.sequence = ping.sequence;
    return answer;
  }
  /// Whom this node reached by its last probes, one after the other.
  void probes_answered(std::uint64_t first, std::uint64_t last, answer how = answer::direct) {
    for (auto node = first; node <= last; ++node) reached.note({node}, how, now);
  }
};

}  // namespace troupe::membership
