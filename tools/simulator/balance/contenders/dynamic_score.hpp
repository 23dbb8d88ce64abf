// Ours: the statistics, the score and the ejection of the room `balance`, the very code that runs in a
// router, as one contender. One attempt a request, as everybody here: what retries add is the whole router's.
#pragma once

#include <troupe/balance/policy_kind.hpp>

#include "../contender.hpp"

namespace troupe::simulator {

/// `contest::settings` overrides numbers of balance::options by name (dynamic_score_settings). Unknown names
/// were refused by `check_settings`.
std::unique_ptr<contender> make_dynamic_score(const contest& of, std::uint64_t seed);

/// The same statistics and ejection under another of our policies.
std::unique_ptr<contender> make_troupe(const contest& of, std::uint64_t seed, balance::policy_kind by);

/// Errors: invalid_argument listing the names.
result<void> check_settings(const std::map<std::string, double>& settings);

}  // namespace troupe::simulator
