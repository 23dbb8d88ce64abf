// One core under test, spoken to packet by packet in virtual time, with the others played by the test.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/membership/core.hpp>

namespace troupe::membership {

inline endpoint address_of(std::uint64_t node) {
  endpoint where = *parse_endpoint("10.0.0.0:7000");
  where.address[15] = static_cast<std::uint8_t>(node);
  return where;
}

inline identity life_of(std::uint64_t node, std::uint64_t life = 10) { return {{node}, {life}}; }

inline update about(std::uint64_t node, state value = state::alive, std::uint64_t incarnation = 0,
                    std::uint64_t life = 10) {
  update what;
  what.subject = life_of(node, life);
  what.incarnation = incarnation;
  what.state = value;
  what.mode = mode::ready;
  what.who = make_attributes("node-" + std::to_string(node), address_of(node));
  return what;
}

inline update accused(std::uint64_t node, state value, std::uint64_t accuser, std::uint64_t incarnation = 0) {
  auto what = about(node, value, incarnation);
  what.accuser = {accuser};
  return what;
}

inline update offering(std::uint64_t node, std::uint64_t version, const std::string& service) {
  auto what = about(node);
  what.registration_version = version;
  what.document = std::make_shared<const registration>(registration{version, "", {{service, 1, 100}}});
  return what;
}

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

inline std::vector<event_kind> kinds(const actions& out) {
  std::vector<event_kind> all;
  for (const auto& happened : out.events) all.push_back(happened.kind);
  return all;
}

using happened = std::vector<event_kind>;

inline std::vector<packet> sent(const actions& out, packet_kind kind) {
  std::vector<packet> all;
  for (const auto& one : out.packets)
    if (one.what.kind == kind) all.push_back(one.what);
  return all;
}

inline const update* find(const packet& what, std::uint64_t subject) {
  for (const auto& fact : what.updates)
    if (fact.subject.node.value == subject) return &fact;
  return nullptr;
}

inline bool asked(const actions& out, std::uint64_t peer) {
  return std::find(out.syncs.begin(), out.syncs.end(), address_of(peer)) != out.syncs.end();
}

}  // namespace troupe::membership
