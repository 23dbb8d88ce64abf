// Facts as tests state them, and what a core wants done as tests read it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <troupe/membership/actions.hpp>
#include <troupe/membership/message.hpp>

namespace troupe::membership {

/// 10.x.y.z:7000
inline endpoint address_of(std::uint64_t node) {
  endpoint where = *parse_endpoint("10.0.0.0:7000");
  for (std::size_t i = 15; i > 12; --i, node >>= 8) where.address[i] = static_cast<std::uint8_t>(node);
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

/// By one who is not well itself.
inline update accused_by(std::uint64_t node, state value, std::uint64_t accuser, std::uint8_t health) {
  auto what = accused(node, value, accuser);
  what.accuser_health = health;
  return what;
}

/// Who lives, as its owner says it.
inline update stating(std::uint64_t node, std::uint64_t incarnation, std::uint8_t worker_lag,
                      std::vector<node_id> lossy = {}) {
  auto what = about(node, state::alive, incarnation);
  what.worker_lag = worker_lag;
  what.who = make_attributes(what.who->name, what.who->address, std::move(lossy));
  return what;
}

inline update offering(std::uint64_t node, std::uint64_t version, const std::string& service) {
  auto what = about(node);
  what.registration_version = version;
  what.document = std::make_shared<const registration>(registration{version, "", {{service, 1, 100}}});
  return what;
}

using happened = std::vector<event_kind>;

inline happened kinds(const std::vector<event>& events) {
  happened all;
  for (const auto& one : events) all.push_back(one.kind);
  return all;
}
inline happened kinds(const actions& out) { return kinds(out.events); }

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

inline constexpr auto nobody = [](std::uint64_t) { return false; };

}  // namespace troupe::membership
