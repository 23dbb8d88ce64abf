// What a table should show, and whether it does.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace troupe::simulator {

/// Figure of `of` <= at_most * the figure of `times` (1 when empty) + plus; or >= at_least * that - plus.
struct aim {
  std::string figure;
  std::string of = "dynamic_score";
  double factor = 1;
  enum class side : bool { at_most, at_least } is = side::at_most;
  std::string times;  // who else: a contender, a mode, "best_published", "published"
  std::string cell;   // of the same file, whose figure `times` means; empty: this one
  double plus = 0;
};

struct verdict_on_aim {
  std::string text;  // "dynamic_score p99_ms 206 <= 0.8 x best_published 272 = 218"
  enum class state : std::uint8_t { met, missed, unknown } state = state::unknown;
};

/// Whose figure it is, its name, and the cell; an empty cell is the one that is judged.
using figure_lookup = std::function<std::optional<double>(const std::string& who, const std::string& figure,
                                                          const std::string& cell)>;
verdict_on_aim judge(const aim& wanted, const figure_lookup& figure);

/// "met", "missed", "unknown".
const char* name_of(enum verdict_on_aim::state state);

}  // namespace troupe::simulator
