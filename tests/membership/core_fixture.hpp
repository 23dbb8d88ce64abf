// One core under test, spoken to packet by packet in virtual time, with the others played by the test.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/core.hpp>

#include "facts.hpp"

namespace troupe::membership {

/// Node 1 under test, at epoch 10, with others played by the test. Its events leave at once.
struct core_fixture {
  explicit core_fixture(options chosen = prompt()) : settings(chosen) {}

  static options prompt() {
    options chosen;
    chosen.suspicion_alpha = 4;  // Lifeguard's, so that the stories' times are round
    chosen.verdict_wait = 1s;
    chosen.event_interval = 0s;
    return chosen;
  }

  options settings;
  time_point now{};
  core node{settings, life_of(1), "node-1", address_of(1), 42, now};
  actions out;

  actions take() { return std::exchange(out, {}); }

  packet from(std::uint64_t peer, packet_kind kind, std::vector<update> updates = {}) const {
    packet what;
    what.kind = kind;
    what.from = life_of(peer);
    what.from_address = address_of(peer);
    what.updates = std::move(updates);
    return what;
  }

  void receive(const packet& what) { node.receive(what, what.from_address, now, out); }
  void gossip(std::uint64_t peer, std::vector<update> updates) {
    receive(from(peer, packet_kind::gossip, std::move(updates)));
  }
  void ping(std::uint64_t peer, std::vector<update> updates = {}) {
    auto what = from(peer, packet_kind::ping, std::move(updates));
    what.target = life_of(1);
    what.sequence = 77;
    receive(what);
  }
  void merge(std::uint64_t peer, std::vector<update> members) {
    sync_message opening;
    auto session = node.begin_sync(address_of(peer), opening);
    sync_message told;
    told.from = life_of(peer);
    told.facts = std::move(members);
    CHECK(node.receive_sync(session, told, now, out));
    session.finish();
    node.end_sync(session);
  }

  /// Peers 2 to `last` are alive, and all that they cause to be said is over.
  void meet(std::uint64_t last) {
    std::vector<update> all;
    for (std::uint64_t peer = 2; peer <= last; ++peer) all.push_back(about(peer));
    merge(2, all);
    out.clear();
  }

  /// Runs the timers until `end`; whoever `answers` is acked at once.
  template <class Answers>
  void run(duration how_long, Answers&& answers) {
    const auto end = now + how_long;
    while (node.next_deadline() <= end) {
      now = std::max(now, node.next_deadline());
      const auto seen = out.packets.size();
      node.tick(now, out);
      for (auto i = seen; i < out.packets.size(); ++i) {
        const auto sent = out.packets[i].what;
        if (sent.kind == packet_kind::ping && answers(sent.target.node.value)) ack(sent, digest());
      }
    }
    now = end;
  }
  void run(duration how_long) {
    run(how_long, [](std::uint64_t) { return true; });
  }

  void ack(const packet& ping, std::uint64_t digest = 0) {
    auto answer = from(ping.target.node.value, packet_kind::ack);
    answer.from = answer.target = ping.target;
    answer.sequence = ping.sequence;
    answer.digest = digest;
    receive(answer);
  }

  /// What the core would put into an ack now.
  std::uint64_t digest() {
    auto what = from(200, packet_kind::ping);
    what.target = life_of(1);
    actions scratch;
    node.receive(what, what.from_address, now, scratch);
    return scratch.packets.at(0).what.digest;
  }

  /// The next probe that the core sends, at its time.
  packet next_probe() {
    for (;;) {
      now = std::max(now, node.next_deadline());
      const auto seen = out.packets.size();
      node.tick(now, out);
      for (auto i = seen; i < out.packets.size(); ++i)
        if (out.packets[i].what.kind == packet_kind::ping) return out.packets[i].what;
    }
  }

  state seen(std::uint64_t peer) const { return node.members().find({peer})->state; }
  bool knows(std::uint64_t peer) const { return node.members().contains({peer}); }
};

}  // namespace troupe::membership
