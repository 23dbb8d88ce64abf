#include <array>
#include <string>

#include <troupe/balance/policies.hpp>
#include <troupe/balance/policy.hpp>

namespace troupe::balance {

namespace {
constexpr std::array all_kinds = {policy_kind::dynamic_score,   policy_kind::round_robin,
                                  policy_kind::weighted,        policy_kind::least_loaded,
                                  policy_kind::consistent_hash, policy_kind::random};
}

std::string_view to_string(policy_kind value) {
  switch (value) {
    case policy_kind::dynamic_score:
      return "dynamic_score";
    case policy_kind::round_robin:
      return "round_robin";
    case policy_kind::weighted:
      return "weighted";
    case policy_kind::least_loaded:
      return "least_loaded";
    case policy_kind::consistent_hash:
      return "consistent_hash";
    case policy_kind::random:
      return "random";
  }
  return "?";
}

result<policy_kind> parse_policy_kind(std::string_view text) {
  std::string known;
  for (policy_kind kind : all_kinds) {
    if (text == to_string(kind)) return kind;
    known += known.empty() ? "" : ", ";
    known += to_string(kind);
  }
  return {code::invalid_argument,
          "\"" + std::string(text) + "\" is no balancing policy. There are: " + known + "."};
}

std::unique_ptr<policy> make_policy(policy_kind kind) {
  switch (kind) {
    case policy_kind::dynamic_score:
      return std::make_unique<dynamic_score>();
    case policy_kind::round_robin:
      return std::make_unique<round_robin>();
    case policy_kind::weighted:
      return std::make_unique<smooth_weighted>();
    case policy_kind::least_loaded:
      return std::make_unique<least_loaded>();
    case policy_kind::consistent_hash:
      return std::make_unique<consistent_hash>();
    case policy_kind::random:
      return std::make_unique<uniform_random>();
  }
  return std::make_unique<dynamic_score>();
}

}  // namespace troupe::balance
