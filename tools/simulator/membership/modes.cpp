#include "modes.hpp"

#include <functional>
#include <utility>

namespace troupe::simulator {

namespace {

using setter = std::pair<const char*, void (*)(membership::options&, double)>;

constexpr setter setters[] = {
    {"probe_period", [](membership::options& of, double to) { of.probe_period = from_seconds(to); }},
    {"probe_timeout_max",
     [](membership::options& of, double to) { of.probe_timeout_max = from_seconds(to); }},
    {"probe_timeout_min",
     [](membership::options& of, double to) { of.probe_timeout_min = from_seconds(to); }},
    {"indirect_probes",
     [](membership::options& of, double to) { of.indirect_probes = static_cast<int>(to); }},
    {"suspicion_alpha", [](membership::options& of, double to) { of.suspicion_alpha = to; }},
    {"suspicion_beta", [](membership::options& of, double to) { of.suspicion_beta = to; }},
    {"gossip_interval", [](membership::options& of, double to) { of.gossip_interval = from_seconds(to); }},
    {"gossip_fanout", [](membership::options& of, double to) { of.gossip_fanout = static_cast<int>(to); }},
    {"retransmit_multiplier",
     [](membership::options& of, double to) { of.retransmit_multiplier = static_cast<int>(to); }},
    {"exchange_period", [](membership::options& of, double to) { of.exchange_period = from_seconds(to); }},
    {"join_retry", [](membership::options& of, double to) { of.join_retry = from_seconds(to); }},
    {"members_max",
     [](membership::options& of, double to) { of.members_max = static_cast<std::size_t>(to); }},
    {"graves_max", [](membership::options& of, double to) { of.graves_max = static_cast<std::size_t>(to); }},
    {"dead_kept_for", [](membership::options& of, double to) { of.dead_kept_for = from_seconds(to); }},
    {"event_interval", [](membership::options& of, double to) { of.event_interval = from_seconds(to); }},
    {"verdict_wait", [](membership::options& of, double to) { of.verdict_wait = from_seconds(to); }},
    {"suspicion_confirmations",
     [](membership::options& of, double to) { of.suspicion_confirmations = static_cast<int>(to); }},
    {"suspicion_witnesses",
     [](membership::options& of, double to) { of.suspicion_witnesses = static_cast<int>(to); }},
    {"trusted_health_max",
     [](membership::options& of, double to) { of.trusted_health_max = static_cast<int>(to); }},
    {"accusations_max",
     [](membership::options& of, double to) { of.accusations_max = static_cast<int>(to); }},
    {"isolation_percent",
     [](membership::options& of, double to) { of.isolation_percent = static_cast<int>(to); }},
    {"loss_percent", [](membership::options& of, double to) { of.loss_percent = static_cast<int>(to); }},
    {"degraded_observers",
     [](membership::options& of, double to) { of.degraded_observers = static_cast<int>(to); }},
    {"gossip_bytes_max",
     [](membership::options& of, double to) { of.gossip_bytes_max = static_cast<std::size_t>(to); }},
    {"healing", [](membership::options& of, double to) { of.healing = to != 0; }},
    {"digests", [](membership::options& of, double to) { of.digests = to != 0; }},
    {"health_max", [](membership::options& of, double to) { of.health_max = static_cast<int>(to); }},
};

}  // namespace

std::optional<membership_mode> find_mode(const std::string& name) {
  using membership::options;
  if (name == "ours") return membership_mode{name, options{}, after_pause::reads_first};
  if (name == "memberlist") return membership_mode{name, options::memberlist(), after_pause::timers_first};
  if (name == "swim") return membership_mode{name, options::swim(), after_pause::timers_first};
  return std::nullopt;
}

bool change_setting(membership::options& of, const std::string& name, double value) {
  for (const auto& [known, change] : setters)
    if (known == name) return change(of, value), true;
  return false;
}

std::vector<std::string> setting_names() {
  std::vector<std::string> names;
  for (const auto& [known, change] : setters) names.emplace_back(known);
  return names;
}

}  // namespace troupe::simulator
