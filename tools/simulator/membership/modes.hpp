// The columns of the table: the same code as SWIM was published, as memberlist runs it, and as we do.
//
// Like is compared with like: one network, one seed, one set of faults; only what the core may do differs,
// and whether a process that wakes up reads what waits in its socket before it looks at its timers, as ours
// does.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <troupe/membership/options.hpp>

#include "../option_names.hpp"

namespace troupe::simulator {

/// What a process does first when it goes on after a pause.
enum class after_pause : std::uint8_t { reads_first, timers_first };

struct membership_mode {
  std::string name;
  membership::options settings;
  simulator::after_pause after_pause = after_pause::reads_first;
};

/// "ours", "memberlist", "swim"; nothing for another name.
std::optional<membership_mode> find_mode(const std::string& name);

/// Adds an option that is to differ. Errors: invalid_argument, for a name that is none, and for a value out
/// of its bounds.
result<void> read_setting_of_ours(std::string_view name, std::string_view value, settings& into);
/// Errors: invalid_argument, the same, and where they do not fit together.
result<membership::options> with_settings(membership::options of, const settings& changed);

}  // namespace troupe::simulator
