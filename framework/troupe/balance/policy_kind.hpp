// The names of the built-in policies, apart from the policies themselves: options, the command line and the
// schema compiler know what may be chosen without knowing how it chooses.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <troupe/base/option_list.hpp>
#include <troupe/base/result.hpp>

namespace troupe::balance {

/// What is preferred among the candidates. policies.def lists them and says it; each one's file has its rule.
enum class policy_kind : std::uint8_t {
#define TROUPE_POLICY(name) name,
#include <troupe/balance/policies.def>
};

/// The names, in the order of the enumeration.
inline constexpr std::array policy_names = {
#define TROUPE_POLICY(name) option_choice{#name, policy_kind::name},
#include <troupe/balance/policies.def>
};

/// All of them, in the order of the enumeration.
std::span<const policy_kind> policy_kinds();

std::string_view to_string(policy_kind value);
/// The same names. Errors: invalid_argument listing them, and saying which one was probably meant.
result<policy_kind> parse_policy_kind(std::string_view text);

}  // namespace troupe::balance
