// The distribution of a latency over the last ten seconds or so, in 500 bytes: where p50 and p99 come from.
//
// Log-linear buckets, four to an octave, from 1 us to 137 s, as in HdrHistogram with two significant bits.
// Counts are halved every ten seconds, so old samples fade without being remembered one by one.
#pragma once

#include <array>
#include <cstddef>

#include <troupe/base/time.hpp>

namespace troupe::balance {

class latency_histogram {
 public:
  /// Negative samples count as 0. O(1).
  void record(duration sample, time_point now);

  /// Halves the counts for each 10 s since the last halving.
  void fade(time_point now);

  /// The sample below which a share `q` in [0, 1] of the counts lies, interpolated within a bucket (so to
  /// within 25%). 0 when nothing was recorded. O(buckets).
  duration quantile(double q) const;

  /// How many samples, after fading.
  double count() const { return total_; }

 private:
  static constexpr unsigned first_octave = 10;  // 2^10 ns = 1.02 us
  static constexpr unsigned octaves = 27;
  static constexpr std::size_t buckets = octaves * 4 + 1;  // [0] is everything below the first octave

  static std::size_t bucket_of(duration sample);
  static double lower_edge(std::size_t bucket);

  std::array<float, buckets> counts_{};
  double total_ = 0;
  time_point halved_{};
};

}  // namespace troupe::balance
