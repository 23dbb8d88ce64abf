#include "scenario.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace troupe::simulator {

double speed_model::mean_draw() const {
  if (draws.empty()) return 1;
  double sum = 0, chances = 0;
  for (const auto& each : draws) {
    sum += (each.low + each.high) / 2 * each.chance;
    chances += each.chance;
  }
  return sum / chances;
}

double scenario::capacity() const {
  double speeds = 0;
  for (std::uint32_t i = 0; i < servers.count; ++i) speeds += speed.base[i % speed.base.size()];
  const double draw = arrivals.of == arrival_model::capacity::mean ? speed.mean_draw() : 1;
  return speeds * draw * servers.workers / to_seconds(work.mean);
}

double scenario::rate_at(duration since_start) const {
  const bool absolute = arrivals.rate > 0;
  double wanted = absolute ? arrivals.rate : arrivals.load;
  if (!arrivals.steps.empty())
    wanted = arrivals.steps[std::min(arrivals.steps.size() - 1,
                                     static_cast<std::size_t>(since_start / arrivals.step))];
  return absolute ? wanted : wanted * capacity();
}

const window* scenario::find_window(std::string_view name) const {
  const auto at =
      std::find_if(windows.begin(), windows.end(), [&](const window& each) { return each.name == name; });
  return at == windows.end() ? nullptr : &*at;
}

}  // namespace troupe::simulator
