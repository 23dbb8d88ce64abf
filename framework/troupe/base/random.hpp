// The random source that is handed to the cores: small, fast, seeded, the same on every machine.
//
// xoshiro256** by Blackman and Vigna (2018), seeded through splitmix64. Not for cryptography.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <troupe/base/hash.hpp>

namespace troupe {

class random_source {
 public:
  using result_type = std::uint64_t;

  explicit constexpr random_source(std::uint64_t seed) {
    for (auto& word : state_) word = mix(seed += 0x9e3779b97f4a7c15ULL);
  }

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }

  constexpr result_type operator()() {
    const auto rotate = [](std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); };
    const auto answer = rotate(state_[1] * 5, 7) * 9;
    const auto shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return answer;
  }

  /// Uniform in [0, bound). `bound` must be positive. Lemire's multiply-shift; bias below 2^-32.
  constexpr std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((*this)() >> 32) * bound >> 32);
  }

  /// Uniform in [0, 1).
  constexpr double unit() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

  /// Uniform in [low, high).
  constexpr double between(double low, double high) { return low + (high - low) * unit(); }

  /// Leaves `count` of `all`, or all if there are fewer: drawn without repetition, in random order.
  template <class T>
  void sample(std::vector<T>& all, std::size_t count) {
    count = std::min(count, all.size());
    for (std::size_t at = 0; at < count; ++at)
      std::swap(all[at], all[at + below(static_cast<std::uint32_t>(all.size() - at))]);
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(count), all.end());
  }

  /// Exponential with the given mean.
  double exponential(double mean) { return -mean * std::log1p(-unit()); }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace troupe
