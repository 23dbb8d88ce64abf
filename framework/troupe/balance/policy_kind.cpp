#include <string>
#include <vector>

#include <troupe/balance/policy_kind.hpp>
#include <troupe/base/nearest_name.hpp>

namespace troupe::balance {

std::span<const policy_kind> policy_kinds() {
  static constexpr auto all = [] {
    std::array<policy_kind, policy_names.size()> kinds{};
    for (std::size_t k = 0; k < kinds.size(); ++k) kinds[k] = static_cast<policy_kind>(policy_names[k].value);
    return kinds;
  }();
  return all;
}

std::string_view to_string(policy_kind value) {
  for (const auto& each : policy_names)
    if (each.value == static_cast<std::uint8_t>(value)) return each.name;
  return "?";
}

result<policy_kind> parse_policy_kind(std::string_view text) {
  std::vector<std::string_view> names;
  std::string known;
  for (const auto& each : policy_names) {
    if (text == each.name) return static_cast<policy_kind>(each.value);
    names.push_back(each.name);
    known.append(known.empty() ? "" : ", ").append(each.name);
  }
  const auto meant = did_you_mean(text, names);
  return {code::invalid_argument, "\"" + std::string(text) + "\" is no balancing policy. There are: " +
                                      known + (meant.empty() ? "." : meant)};
}

}  // namespace troupe::balance
