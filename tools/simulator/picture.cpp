#include "picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

namespace troupe::simulator {

namespace {

constexpr double width = 860, height = 480;
constexpr double left = 70, right = 200, top = 40, bottom = 50;
constexpr std::array colours{"#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e",
                             "#17becf", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22"};

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char one : text) {
    if (one == '<')
      safe += "&lt;";
    else if (one == '&')
      safe += "&amp;";
    else
      safe += one;
  }
  return safe;
}

/// One axis: from values to where they are on the page.
struct axis {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  double from = 0, to = 1;  // pixels
  scale how = scale::linear;

  double seen(double value) const {
    return how == scale::logarithmic ? std::log10(std::max(value, 1e-6)) : value;
  }
  void include(double value) {
    low = std::min(low, seen(value));
    high = std::max(high, seen(value));
  }
  void settle() {
    if (low > high) low = 0, high = 1;
    if (how == scale::linear && low > 0 && low < high / 2) low = 0;
    if (how == scale::logarithmic && high - low < 1) {  // from a tenth of a decade to another
      const double decade = std::floor(low);
      low = decade + std::log10(std::floor(std::pow(10, low - decade) + 1e-9));
      const double top_decade = std::floor(high);
      high = top_decade + std::log10(std::ceil(std::pow(10, high - top_decade) - 1e-9));
    }
    if (high - low < 1e-9) high = low + 1;
  }
  double at(double value) const { return from + (seen(value) - low) / (high - low) * (to - from); }

  std::vector<double> ticks() const {
    std::vector<double> values;
    if (how == scale::logarithmic) {
      // Within a decade, all of its tenths; beyond, 1, 2 and 5.
      const bool narrow = high - low < 1;
      for (double decade = std::floor(low); decade <= high; ++decade)
        for (int step = 1; step < 10; ++step) {
          const double value = step * std::pow(10, decade);
          const bool wanted = narrow || step == 1 || step == 2 || step == 5;
          if (wanted && seen(value) >= low - 1e-9 && seen(value) <= high + 1e-9) values.push_back(value);
        }
      return values;
    }
    const double rough = (high - low) / 6;
    const double unit = std::pow(10, std::floor(std::log10(rough)));
    const double step = rough / unit < 1.5   ? unit
                        : rough / unit < 3.5 ? 2 * unit
                        : rough / unit < 7.5 ? 5 * unit
                                             : 10 * unit;
    for (double value = std::ceil(low / step) * step; value <= high + step * 1e-6; value += step)
      values.push_back(std::abs(value) < step * 1e-6 ? 0 : value);
    return values;
  }
};

void text(std::ostream& out, double x, double y, const std::string& what, const char* anchor) {
  out << "<text x='" << x << "' y='" << y << "' text-anchor='" << anchor << "'>" << escaped(what)
      << "</text>\n";
}

void line(std::ostream& out, double x1, double y1, double x2, double y2, const char* colour) {
  out << "<line x1='" << x1 << "' y1='" << y1 << "' x2='" << x2 << "' y2='" << y2 << "' stroke='" << colour
      << "'/>\n";
}

std::string number(double value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

void draw_axes(std::ostream& out, const chart& what, const axis& x, const axis& y) {
  for (const double value : y.ticks()) {
    line(out, left, y.at(value), width - right, y.at(value), "#e5e5e5");
    text(out, left - 6, y.at(value) + 4, number(value), "end");
  }
  for (const double value : x.ticks()) {
    line(out, x.at(value), height - bottom, x.at(value), height - bottom + 5, "#333");
    text(out, x.at(value), height - bottom + 18, number(value), "middle");
  }
  line(out, left, height - bottom, width - right, height - bottom, "#333");
  line(out, left, top, left, height - bottom, "#333");
  text(out, (left + width - right) / 2, height - 10, what.x_label, "middle");
  text(out, 8, top - 10, what.y_label, "start");
  text(out, (left + width - right) / 2, 18, what.title, "middle");
}

}  // namespace

std::string draw(const chart& what) {
  axis x{.from = left, .to = width - right};
  axis y{.from = height - bottom, .to = top, .how = what.y};
  for (const auto& each : what.curves)
    for (const auto& [at, value] : each.points) x.include(at), y.include(value);
  x.settle();
  y.settle();
  std::ostringstream out;
  out << "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 " << width << ' ' << height
      << "' font-family='sans-serif' font-size='12'>\n<rect width='100%' height='100%' fill='white'/>\n";
  draw_axes(out, what, x, y);
  for (std::size_t k = 0; k < what.curves.size(); ++k) {
    const auto& each = what.curves[k];
    const char* colour = colours[k % colours.size()];
    const char* dashes = k < colours.size() ? "none" : "6 3";
    out << "<polyline fill='none' stroke-width='1.6' stroke='" << colour << "' stroke-dasharray='" << dashes
        << "' points='";
    for (const auto& [at, value] : each.points) out << x.at(at) << ',' << y.at(value) << ' ';
    out << "'/>\n";
    const double row = top + 8 + static_cast<double>(k) * 17;
    line(out, width - right + 12, row, width - right + 36, row, colour);
    text(out, width - right + 42, row + 4, each.name, "start");
  }
  out << "</svg>\n";
  return out.str();
}

result<void> write_picture(const chart& what, const std::filesystem::path& file) {
  std::ofstream out(file);
  out << draw(what);
  out.flush();
  if (!out) return error{code::unavailable, "cannot write " + file.string() + ": is there such a folder?"};
  return {};
}

}  // namespace troupe::simulator
