#include <algorithm>

#include <troupe/admission/lifecycle.hpp>

namespace troupe::admission {

namespace {

// A service that lived this long before it died starts its backoff anew.
constexpr duration lived_well = 10s;

}  // namespace

void lifecycle::launched(time_point now) {
  launched_ = now;
  restart_at_ = never;
  if (phase_ != phase::starting) phase_ = phase::serving;
}

void lifecycle::began() {
  if (phase_ == phase::starting) phase_ = phase::serving;
}

duration lifecycle::died(time_point now) {
  if (now - launched_ > lived_well) in_a_row_ = 0;
  const auto wait = restart_delay(in_a_row_++);
  ++restarts_;
  phase_ = phase::waiting_to_restart;
  restart_at_ = now + wait;
  return wait;
}

void lifecycle::stopped() {
  phase_ = phase::stopped;
  restart_at_ = never;
}

duration restart_delay(std::uint32_t times) {
  constexpr duration shortest = 100ms;
  constexpr duration longest = 10s;
  return std::min(shortest * (1 << std::min(times, 7u)), longest);
}

}  // namespace troupe::admission
