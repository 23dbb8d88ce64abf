// Small line charts as SVG: axes, a legend, and a logarithmic scale where values span decades.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <troupe/base/result.hpp>

namespace troupe::simulator {

enum class scale : bool { linear, logarithmic };

struct curve {
  std::string name;
  std::vector<std::pair<double, double>> points;  // ascending x
};

struct chart {
  std::string title, x_label, y_label;
  scale y = scale::linear;
  std::vector<curve> curves;
};

/// The document. Without any point: axes only.
std::string draw(const chart& what);
/// Errors: unavailable naming the file.
result<void> write_picture(const chart& what, const std::filesystem::path& file);

}  // namespace troupe::simulator
