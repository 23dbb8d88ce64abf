// Tables for people: figures with three significant digits, in columns.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace troupe::simulator {

std::string shown(double value);
/// "-" for nothing.
std::string shown(const std::optional<double>& value);

using rows = std::vector<std::vector<std::string>>;

/// The first column to the left, the others to the right.
std::string aligned(const rows& all);

}  // namespace troupe::simulator
