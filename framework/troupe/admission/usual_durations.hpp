// How long the methods of a service usually execute, from the first turn to the answer, and whether a request
// whose turn has come can still be done in time.
//
// Usual is the median: one that steps up by a share for what took longer, and down for what did not. A method
// that is short at most times and long at some is thus taken for a short one, and an outlier moves it no more
// than any other.
//
// Source: Ma, Muthukrishnan and Sandler, "Frugal Streaming for Estimating Quantiles" (2013).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <troupe/base/time.hpp>

namespace troupe::admission {

class usual_durations {
 public:
  static constexpr std::size_t methods_max = 64;  // later ones are not known

  /// One was executed to its end. `method`: whatever tells the methods of the service apart.
  void note(std::uint64_t method, duration took);
  /// 0 before a few of the method were seen.
  duration of(std::uint64_t method) const;
  /// Whether so much time is enough for one, and for its answer to get back.
  bool fits(std::uint64_t method, duration left) const;

 private:
  struct entry {
    std::uint64_t method;
    double median;  // s
    std::uint32_t samples;
  };
  /// The number of entries where it is not there.
  std::size_t place_of(std::uint64_t method) const;

  std::array<entry, methods_max> entries_{};
  std::size_t count_ = 0;
};

}  // namespace troupe::admission
