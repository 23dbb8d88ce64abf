#include <algorithm>

#include <troupe/admission/usual_durations.hpp>

namespace troupe::admission {

namespace {

constexpr std::uint32_t samples_min = 8;
constexpr double step = .05;
constexpr std::uint32_t samples_many = 20;  // of fewer, each counts for more than a step
// Half of all take longer than usual, and the answer has a way to go.
constexpr double margin = 1.1;

}  // namespace

std::size_t usual_durations::place_of(std::uint64_t method) const {
  std::size_t place = 0;
  while (place < count_ && entries_[place].method != method) ++place;
  return place;
}

void usual_durations::note(std::uint64_t method, duration took) {
  const double seconds = std::max(to_seconds(took), 1e-9);
  const auto place = place_of(method);
  if (place == count_) {
    if (count_ == methods_max) return;
    entries_[count_++] = {method, seconds, 0};
  }
  auto& known = entries_[place];
  constexpr double up = 1 + step;
  constexpr double down = 1 / up;
  const double factor = known.samples < samples_many ? 1 + 1. / ++known.samples : up;
  if (seconds > known.median)
    known.median *= factor;
  else
    known.median *= factor == up ? down : 1 / factor;
}

duration usual_durations::of(std::uint64_t method) const {
  const auto place = place_of(method);
  if (place == count_ || entries_[place].samples < samples_min) return duration{0};
  return from_seconds(entries_[place].median);
}

bool usual_durations::fits(std::uint64_t method, duration left) const {
  return left > duration{0} && to_seconds(of(method)) * margin <= to_seconds(left);
}

}  // namespace troupe::admission
