#include <array>
#include <string>

#include <troupe/balance/policy_kind.hpp>

namespace troupe::balance {

std::span<const policy_kind> policy_kinds() {
  using enum policy_kind;
  static constexpr std::array all = {
      dynamic_score, by_load,      by_latency, by_faults,       round_robin, weighted, weighted_by_metrics,
      random,        least_loaded, peak_ewma,  consistent_hash, maglev,      hcl,      c3};
  return all;
}

std::string_view to_string(policy_kind value) {
  switch (value) {
    case policy_kind::dynamic_score:
      return "dynamic_score";
    case policy_kind::by_load:
      return "by_load";
    case policy_kind::by_latency:
      return "by_latency";
    case policy_kind::by_faults:
      return "by_faults";
    case policy_kind::round_robin:
      return "round_robin";
    case policy_kind::weighted:
      return "weighted";
    case policy_kind::weighted_by_metrics:
      return "weighted_by_metrics";
    case policy_kind::random:
      return "random";
    case policy_kind::least_loaded:
      return "least_loaded";
    case policy_kind::peak_ewma:
      return "peak_ewma";
    case policy_kind::consistent_hash:
      return "consistent_hash";
    case policy_kind::maglev:
      return "maglev";
    case policy_kind::hcl:
      return "hcl";
    case policy_kind::c3:
      return "c3";
  }
  return "?";
}

result<policy_kind> parse_policy_kind(std::string_view text) {
  std::string known;
  for (const policy_kind kind : policy_kinds()) {
    if (text == to_string(kind)) return kind;
    known += known.empty() ? "" : ", ";
    known += to_string(kind);
  }
  return {code::invalid_argument,
          "\"" + std::string(text) + "\" is no balancing policy. There are: " + known + "."};
}

}  // namespace troupe::balance
