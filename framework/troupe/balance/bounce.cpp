#include <algorithm>

#include <troupe/balance/bounce.hpp>

namespace troupe::balance {

namespace {

constexpr double threshold_max = 1e9;
constexpr double service_share = .5;  // of a usual service time: what bouncing has to save

}  // namespace

std::uint32_t bounce_threshold(const bounce_inputs& of, const options& settings) {
  const double expected = std::max(of.expected, of.workers);
  const double each = std::max(of.service / of.workers, 1e-9);  // s that one more there makes it later
  // Back from the difference of two scores to seconds: the slope of x / (1 + x).
  const double scale = of.cost_median + to_seconds(settings.cost_floor);
  const double x = 1 + (of.cost + to_seconds(settings.cost_floor)) / scale;
  const double ahead =
      std::max(0.f, of.runner_up - of.score) * x * x * scale / std::max(settings.weight.cost, 1e-9);
  const double going =
      2 * std::max(of.path, 0.) + service_share * of.service + to_seconds(settings.bounce_cost);
  return static_cast<std::uint32_t>(std::min(expected + (ahead + going) / each, threshold_max));
}

}  // namespace troupe::balance
