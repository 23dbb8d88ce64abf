#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include <troupe/balance/latency_histogram.hpp>

namespace troupe::balance {

namespace {
constexpr duration half_life = 10s;
}

std::size_t latency_histogram::bucket_of(duration sample) {
  const auto value = static_cast<std::uint64_t>(std::max<duration::rep>(sample.count(), 0));
  const auto width = static_cast<unsigned>(std::bit_width(value));
  if (width <= first_octave) return 0;
  const unsigned octave = width - 1;
  const auto quarter = static_cast<std::size_t>((value >> (octave - 2)) & 3);
  return std::min<std::size_t>((octave - first_octave) * 4 + quarter + 1, buckets - 1);
}

double latency_histogram::lower_edge(std::size_t bucket) {
  if (bucket == 0) return 0;
  const std::size_t index = bucket - 1;
  return std::ldexp(1 + static_cast<double>(index % 4) / 4, static_cast<int>(first_octave + index / 4));
}

void latency_histogram::record(duration sample, time_point now) {
  if (now - halved_ >= half_life) fade(now);
  counts_[bucket_of(sample)] += 1;
  total_ += 1;
}

void latency_histogram::fade(time_point now) {
  const auto halvings = (now - halved_) / half_life;
  if (halvings <= 0) return;
  halved_ += halvings * half_life;
  if (total_ == 0) return;
  const auto factor =
      static_cast<float>(std::ldexp(1., -static_cast<int>(std::min<std::int64_t>(halvings, 64))));
  total_ = 0;
  for (float& count : counts_) {
    count = count * factor < .01f ? 0 : count * factor;
    total_ += static_cast<double>(count);
  }
}

duration latency_histogram::quantile(double q) const {
  if (total_ <= 0) return duration{0};
  const double wanted = q * total_;
  double below = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    const auto here = static_cast<double>(counts_[i]);
    if (here <= 0) continue;
    last = i;
    if (below + here >= wanted) {
      const double inside = std::clamp((wanted - below) / here, 0., 1.);
      const double low = lower_edge(i);
      const double high = lower_edge(i + 1);
      return duration{static_cast<duration::rep>(low + inside * (high - low))};
    }
    below += here;
  }
  return duration{static_cast<duration::rep>(lower_edge(last + 1))};
}

}  // namespace troupe::balance
