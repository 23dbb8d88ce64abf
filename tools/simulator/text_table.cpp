#include "text_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace troupe::simulator {

std::string shown(double value) {
  char text[32];
  const double size = std::abs(value);
  if (size >= 100)
    std::snprintf(text, sizeof text, "%.0f", value);
  else if (size >= 10)
    std::snprintf(text, sizeof text, "%.1f", value);
  else
    std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::string shown(const std::optional<double>& value) { return value ? shown(*value) : "-"; }

std::string aligned(const rows& all) {
  std::vector<std::size_t> widths;
  for (const auto& row : all) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t k = 0; k < row.size(); ++k) widths[k] = std::max(widths[k], row[k].size());
  }
  std::string text;
  for (const auto& row : all) {
    std::string line;
    for (std::size_t k = 0; k < row.size(); ++k) {
      const std::string space(widths[k] - row[k].size(), ' ');
      line += k == 0 ? "  " + row[k] + space : "  " + space + row[k];
    }
    text += line + "\n";
  }
  return text;
}

}  // namespace troupe::simulator
