// Ours: the statistics, the score and the ejection of the room `balance`, the very code that runs in a
// router, as one contender. One attempt a request, as everybody here: what retries add is the whole router's.
#pragma once

#include <troupe/balance/policy_kind.hpp>
#include <troupe/routing/options.hpp>

#include "../../option_names.hpp"
#include "../contender.hpp"

namespace troupe::simulator {

/// Of `contest::settings`, which `options_with` must take, it has balance's.
std::unique_ptr<contender> make_dynamic_score(const contest& of, std::uint64_t seed);

/// The same statistics and ejection under another of our policies.
std::unique_ptr<contender> make_troupe(const contest& of, std::uint64_t seed, balance::policy_kind by);

/// Adds an option of balance, retry or routing that is to differ: of ours all have the first, and only the
/// whole router the others. Errors: invalid_argument, for a name that is none, and for a value out of its
/// bounds.
result<void> read_setting(std::string_view name, std::string_view value, settings& into);
/// The router's options with these changed. Errors: invalid_argument, the same, and where they do not fit
/// together.
result<routing::options> options_with(const settings& changed);

}  // namespace troupe::simulator
