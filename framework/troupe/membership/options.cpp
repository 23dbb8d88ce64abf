#include <string>

#include <troupe/membership/options.hpp>

namespace troupe::membership {

namespace {

/// Collects the first field that is out of its bounds.
class checker {
 public:
  void number(const char* field, std::size_t value, std::size_t low, std::size_t high) {
    if (value < low || value > high)
      refuse(field, std::to_string(value), std::to_string(low), std::to_string(high));
  }

  void count(const char* field, int value, int low, int high) {
    if (value < low || value > high)
      refuse(field, std::to_string(value), std::to_string(low), std::to_string(high));
  }

  void ratio(const char* field, double value, double low, double high) {
    if (!(value >= low && value <= high))
      refuse(field, std::to_string(value), std::to_string(low), std::to_string(high));
  }

  void time(const char* field, duration value, duration low, duration high) {
    if (value < low || value > high)
      refuse(field, format_duration(value), format_duration(low), format_duration(high));
  }

  result<void> verdict() const { return verdict_; }

 private:
  void refuse(const std::string& field, const std::string& value, const std::string& low,
              const std::string& high) {
    if (verdict_)
      verdict_ = error{code::invalid_argument,
                       "membership." + field + " is " + value + "; it must be from " + low + " to " + high};
  }

  result<void> verdict_;
};

}  // namespace

options options::local() {
  options chosen;
  chosen.probe_period = 300ms;
  chosen.probe_timeout_max = 200ms;
  chosen.gossip_interval = 50ms;
  chosen.exchange_period = 10s;
  chosen.join_retry = 200ms;
  chosen.verdict_wait = 300ms;
  return chosen;
}

options options::memberlist() {
  options chosen;
  chosen.probe_timeout_min = chosen.probe_timeout_max = 500ms;
  chosen.suspicion_alpha = 4;
  chosen.suspicion_beta = 6;
  chosen.suspicion_confirmations = 2;  // memberlist: suspicion_alpha - 2
  chosen.suspicion_witnesses = 0;
  chosen.verdict_wait = 0s;
  chosen.trusted_health_max = 32;
  chosen.accusations_max = 0;
  chosen.isolation_percent = 0;
  chosen.degraded_observers = 0;
  chosen.healing = false;
  chosen.digests = false;
  chosen.adapts_to_loss = false;
  chosen.event_interval = 0s;
  return chosen;
}

options options::swim() {
  options chosen = memberlist();
  chosen.stream_pings = false;
  chosen.suspicion_beta = 1;
  chosen.suspicion_confirmations = 0;
  chosen.health_max = 0;
  chosen.nacks = false;
  chosen.buddies = false;
  return chosen;
}

result<void> options::validate() const {
  checker check;
  check.time("probe_period", probe_period, 50ms, 1min);
  check.time("probe_timeout_min", probe_timeout_min, 1ms, probe_timeout_max);
  check.time("probe_timeout_max", probe_timeout_max, 1ms, probe_period * 3 / 4);
  check.count("indirect_probes", indirect_probes, 0, 16);
  check.ratio("suspicion_alpha", suspicion_alpha, 1, 16);
  check.ratio("suspicion_beta", suspicion_beta, 1, 16);
  check.count("suspicion_confirmations", suspicion_confirmations, 0, 16);
  check.count("suspicion_witnesses", suspicion_witnesses, 0, 16);
  check.time("verdict_wait", verdict_wait, 0s, 1min);
  check.count("trusted_health_max", trusted_health_max, 0, 32);
  check.count("accusations_max", accusations_max, 0, 1000);
  check.count("isolation_percent", isolation_percent, 0, 90);
  check.count("loss_percent", loss_percent, 5, 95);
  check.count("degraded_observers", degraded_observers, 0, 16);
  check.time("gossip_interval", gossip_interval, 10ms, 10s);
  check.count("gossip_fanout", gossip_fanout, 1, 16);
  check.number("gossip_bytes_max", gossip_bytes_max, 512, std::size_t{1} << 20);
  check.number("news_max", news_max, 16, 100'000);
  check.count("retransmit_multiplier", retransmit_multiplier, 1, 16);
  check.number("packet_bytes_max", packet_bytes_max, 512, 65'000);
  check.time("exchange_period", exchange_period, 1s, 1h);
  check.count("syncs_served_max", syncs_served_max, 1, 1024);
  check.number("sync_bytes_per_second", sync_bytes_per_second, std::size_t{64} << 10, std::size_t{1} << 30);
  check.time("join_retry", join_retry, 10ms, 1min);
  check.count("leave_fanout", leave_fanout, 1, 64);
  check.time("leave_limit", leave_limit, 100ms, 1min);
  check.number("members_max", members_max, 2, 100'000);
  check.number("graves_max", graves_max, 2, 1'000'000);
  check.number("registration_bytes_max", registration_bytes_max, 256, 65'536);
  check.time("dead_kept_for", dead_kept_for, 1s, 24h);
  check.count("health_max", health_max, 0, 32);
  check.time("event_interval", event_interval, 0s, 10s);
  check.time("restate_interval", restate_interval, 100ms, 1min);
  return check.verdict();
}

}  // namespace troupe::membership
