// The verb `sim`: virtual clusters, in tables and pictures. For the command `troupe` and for `troupe_sim`.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace troupe::simulator {

/// Adds `balance` to `to`, and says in `chosen` what is to be done after the command line has been read.
/// It throws std::runtime_error with one clear sentence when it cannot be done.
void add_balance_verb(CLI::App& to, std::function<void()>& chosen);

/// The same for `membership`.
void add_membership_verb(CLI::App& to, std::function<void()>& chosen);

/// Adds `sim` with its verbs.
void add_sim_verb(CLI::App& to, std::function<void()>& chosen);

}  // namespace troupe::simulator
