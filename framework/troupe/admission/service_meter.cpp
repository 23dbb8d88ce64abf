#include <algorithm>

#include <troupe/admission/service_meter.hpp>
#include <troupe/base/fading.hpp>

namespace troupe::admission {

/// Worker seconds since the last request was done.
double service_meter::waiting_for_next(time_point now) const {
  return now > last_ ? std::min(serving_, workers_) * to_seconds(now - last_) : 0;
}

void service_meter::began(duration wait, time_point now) {
  if (serving_++ == 0) last_ = std::max(last_, now);
  wait_ += (to_seconds(wait) - wait_) / wait_memory;
}

void service_meter::ended(duration took, time_point now) {
  const double share = serving_ > workers_ ? static_cast<double>(workers_) / serving_ : 1;
  double work = std::max(to_seconds(took), 0.) * share;
  if (served_ > 1) work = std::min(work, outlier * spent_ / served_);
  if (served_ < few)
    spent_ = std::min(spent_, outlier * work * served_);  // it was the first that were unusual
  const double idle = std::max(to_seconds(now - counted_), 0.);
  const double kept = (1 - 1 / memory) * faded(idle / memory_seconds);
  counted_ = std::max(counted_, now);
  spent_ = spent_ * kept + work;
  served_ = served_ * kept + 1;
  abandoned(now);
}

void service_meter::abandoned(time_point now) {
  serving_ -= serving_ > 0;
  last_ = std::max(last_, now);
}

duration service_meter::service_time(time_point now) const {
  if (served_ <= 0) return duration{0};
  return from_seconds((spent_ + waiting_for_next(now)) / served_);
}

duration service_meter::service_age(time_point now) const {
  return serving_ > 0 || served_ <= 0 ? duration{0} : std::max(now - last_, duration{0});
}

}  // namespace troupe::admission
