// Nodes whose gossip is sealed, in virtual time and without sockets: the real core and the real seal, and a
// network that loses, cuts and repeats as it is told.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/crypto/gossip_seal.hpp>
#include <troupe/membership/core.hpp>
#include <troupe/wire/gossip.hpp>

#include "crypto/keys_fixture.hpp"

namespace troupe::test {

using bytes = std::vector<std::byte>;
using crypto::gossip_seal;

inline const std::string cluster = "sealed";
constexpr std::uint64_t today = 1'800'000'000;  // seconds since 1970

inline endpoint address_of(std::size_t node) {
  return *parse_endpoint("10.0.0." + std::to_string(node + 1) + ":7000");
}

struct peer {
  peer(std::size_t number, std::uint64_t life, crypto::ring keys, time_point now, std::string of = cluster)
      : self{{number + 1}, {life}}, address(address_of(number)), cluster_name(std::move(of)) {
    const auto options = membership::options::local();
    const auto name = "n" + std::to_string(number);
    seal =
        std::make_unique<gossip_seal>(self, name, cluster_name, std::move(keys), options.members_max, told);
    core = std::make_unique<membership::core>(options, self, name, address, number + 1, now);
  }

  /// Everything that the core holds to be true.
  std::string view() const {
    std::ostringstream text;
    std::set<std::string> lines;
    core->for_each([&](const membership::member& one) {
      std::ostringstream line;
      line << one.self.node.value << "/" << one.self.epoch.value << " " << one.incarnation << " "
           << to_string(one.state) << " " << to_string(one.mode) << " " << one.name << " "
           << to_string(one.address) << " " << one.document.version << " "
           << one.since.time_since_epoch().count();
      lines.insert(line.str());
    });
    for (const auto& line : lines) text << line << "\n";
    const auto counted = core->counted();
    text << counted.pings << " " << counted.acks << " " << counted.suspicions << " " << counted.refutations;
    return text.str();
  }

  std::uint64_t counted(const std::string& name) const {
    event_counts all;
    seal->count(all);
    for (const auto& [each, value] : all)
      if (each == name) return value;
    FAIL("there is no counter " << name);
    return 0;
  }

  /// What a person would hear is not what is asked here.
  struct silent : gossip_seal::owner {
    void on_notice(severity, const std::string&) override {}
    void on_ring_changed(const crypto::ring&) override {}
  };

  identity self;
  endpoint address;
  std::string cluster_name;
  silent told;
  std::unique_ptr<gossip_seal> seal;
  std::unique_ptr<membership::core> core;
  membership::actions out;
};

/// A network that delivers after 1 ms, and loses and cuts as it is told. Everybody but the first joins it.
class world {
 public:
  world(std::size_t count, const crypto::ring& keys) {
    for (std::size_t i = 0; i < count; ++i) start(i, keys);
  }

  void start(std::size_t number, const crypto::ring& keys) {
    peers[number] = std::make_unique<peer>(number, ++lives_, keys, now);
    auto& fresh = *peers[number];
    if (number != 0) fresh.core->join({address_of(0)}, now, fresh.out);
    fresh.core->set_mode(membership::mode::ready, now, fresh.out);
    settle(fresh);
  }
  void end(std::size_t number) { peers.erase(number); }

  void run(duration time) {
    const auto until = now + time;
    for (;;) {
      auto next = under_way.empty() ? never : under_way.front().due;
      for (const auto& [number, each] : peers) next = std::min(next, each->core->next_deadline());
      if (next > until) break;
      now = std::max(now, next);
      deliver();
      for (const auto& [number, each] : peers)
        if (each->core->next_deadline() <= now) {
          each->core->tick(now, each->out);
          settle(*each);
        }
    }
    now = until;
  }
  /// True once it holds.
  bool eventually(const std::function<bool()>& holds, duration limit = 60s) {
    for (const auto end = now + limit; now < end; run(100ms))
      if (holds()) return true;
    return holds();
  }

  bool all_know(std::size_t count) const {
    return std::all_of(peers.begin(), peers.end(), [&](const auto& one) {
      std::size_t alive = 0;
      one.second->core->for_each(
          [&](const auto& member) { alive += member.state == membership::state::alive ? 1 : 0; });
      return alive == count;
    });
  }
  bool all_say(const std::string& id, const std::string& standing) const {
    return std::all_of(peers.begin(), peers.end(), [&](const auto& one) {
      const auto& keys = one.second->seal->keys();
      const auto& all = keys.entries();
      return std::any_of(all.begin(), all.end(), [&](const auto& key) {
        return to_string(key.id) == id &&
               (standing == "primary" ? &key == keys.primary() : to_string(key.standing) == standing);
      });
    });
  }
  std::uint64_t sum(const std::string& counter) const {
    std::uint64_t all = 0;
    for (const auto& [number, each] : peers) all += each->counted(counter);
    return all;
  }
  std::uint64_t suspicions() const {
    std::uint64_t all = 0;
    for (const auto& [number, each] : peers) all += each->core->counted().suspicions;
    return all;
  }

  /// As the actor does with what arrives.
  void receive(peer& at, const bytes& packet, const endpoint& from) {
    auto opened = at.seal->open(packet, from, now);
    if (opened) {
      auto what = wire::decode_packet(opened->packet, wire::cluster_hash(at.cluster_name));
      if (!what) return;
      const bool only_away = at.seal->settle_rings(*opened, what->from, from, now);
      const bool earlier = opened->whom == crypto::meant_for::earlier_life;
      if (earlier) what->updates.clear();
      if (!only_away && (!earlier || what->kind == membership::packet_kind::ping))
        at.core->receive(*what, from, now, at.out);
    }
    if (const auto who = at.seal->take_stranger()) {
      const auto& known = at.core->members();
      if (std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.who->address == *who; }))
        at.out.syncs.push_back(*who);
    }
    settle(at);
  }

  /// An order as the command seals it.
  result<std::string> order(std::size_t number, const crypto::ring& keys, const std::string& text) {
    crypto::sealing seal(cluster, crypto::draw_salt(), 1);
    const auto* const first = reinterpret_cast<const std::byte*>(text.data());
    auto& to = *peers.at(number);
    return to.seal->obey(seal.seal(*keys.primary(), crypto::content::order, crypto::recipient::of(to.self),
                                   keys.digest(), {first, text.size()}),
                         today);
  }

  struct sent {
    time_point due;
    endpoint from, to;
    bytes packet;
  };
  std::map<std::size_t, std::unique_ptr<peer>> peers;
  std::deque<sent> under_way;
  std::vector<sent> recorded;
  std::function<bool(const endpoint&, const endpoint&)> cut = [](auto&, auto&) { return false; };
  double loss = 0;
  time_point now{1s};

 private:
  peer* at(const endpoint& where) {
    for (const auto& [number, each] : peers)
      if (each->address == where) return each.get();
    return nullptr;
  }

  void deliver() {
    while (!under_way.empty() && under_way.front().due <= now) {
      const auto next = std::move(under_way.front());
      under_way.pop_front();
      if (auto* const to = at(next.to)) receive(*to, next.packet, next.from);
    }
  }

  void send(peer& from, const endpoint& to, bytes packet) {
    if (packet.empty()) return;
    sent one{now + 1ms, from.address, to, std::move(packet)};
    recorded.push_back(one);
    if (!cut(one.from, one.to) && random_.unit() >= loss) under_way.push_back(std::move(one));
  }

  void settle(peer& of) {
    while (!of.out.packets.empty() || !of.out.syncs.empty()) {
      const auto wanted = std::exchange(of.out, {});
      for (const auto& one : wanted.packets) {
        CHECK(one.what.receiver.node);
        send(of, one.to,
             of.seal->seal(wire::encode(one.what, wire::cluster_hash(cluster)), one.what.receiver));
      }
      for (const auto& with : wanted.syncs) sync(of, with);
    }
    of.out.clear();
    for (auto& ring : of.seal->take_outgoing()) send(of, ring.to, std::move(ring.packet));
  }

  /// A whole sync over sealed streams, in no time.
  void sync(peer& from, const endpoint& with) {
    auto* const to = at(with);
    if (to == nullptr || cut(from.address, with)) return from.core->sync_failed();
    membership::sync_message opening;
    auto asking = from.core->begin_sync(with, opening);
    auto answering = to->core->serve_sync();
    auto there = from.seal->dial(to->self);
    auto back = to->seal->serve();
    const auto say = [](peer& who, gossip_seal::stream& on, const membership::sync_message& what) {
      return who.seal->seal(on, wire::encode(what, wire::cluster_hash(cluster)));
    };
    /// What is said to it; nothing when it is over.
    const auto hear = [&](peer& who, gossip_seal::stream& on, membership::sync_session& session,
                          const bytes& message, bytes& last_words) -> bytes {
      const auto opened = who.seal->open(on, message, last_words);
      if (!opened) return {};
      const auto what = wire::decode_sync(*opened, wire::cluster_hash(cluster));
      REQUIRE_MESSAGE(what, what.error().text);
      const auto answer = who.core->receive_sync(session, *what, now, who.out);
      return answer && *answer ? say(who, on, **answer) : bytes{};
    };
    bytes message = say(from, there, opening), last_words;
    while (!message.empty()) {
      message = hear(*to, back, answering, message, last_words);
      if (!last_words.empty()) message = std::exchange(last_words, {});
      if (!message.empty()) message = hear(from, there, asking, message, last_words);
    }
    const bool other_key = from.seal->ended(there);
    from.core->end_sync(asking);
    to->core->end_sync(answering);
    settle(*to);
    if (other_key) sync(from, with);
  }

  random_source random_{7};
  std::uint64_t lives_ = 1000;
};

}  // namespace troupe::test
