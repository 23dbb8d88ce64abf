// Two at random, the one with the lower latency times load: the rule of most service meshes, four ways.
//
// The latency is a peak EWMA: a longer round trip replaces it at once, shorter ones pull it down slowly, and
// without news it fades towards zero, so that a server that was slow is tried again.
//
// - p2c_peak_ewma: tower (tower/src/load/peak_ewma.rs; Finagle's P2CPeakEwma): every completion counts alike,
// so a
//   server that fails fast looks fast.
// - p2c_peak_ewma_penalised: Linkerd2's load biaser (linkerd2-proxy #4537): a failure counts as a peak of at
//   least 5 s.
// - brpc_p2c, brpc_p2c4: brpc's p2c (brpc #3340, #3367): a failure counts as the request's timeout, or twice
// the
//   average if that is more; the second compares four.
// - kratos: go-kratos (selector/p2c, selector/node/ewma): success rate over sqrt(latency) * in flight, a
// plain
//   EWMA, the age of what is in flight, and a pick by force of who was not picked for 3 s.
#pragma once

#include <memory>

#include "../contender.hpp"

namespace troupe::simulator {

/// An average that jumps up and glides down. Seconds.
class peak_ewma {
 public:
  /// tower's and Finagle's default decay.
  static constexpr duration default_decay = 10s;

  explicit peak_ewma(double first = 0) : value_(first) {}

  void add(double sample, time_point now);
  /// Faded by the time since the last sample.
  double at(time_point now) const;

 private:
  double value_;
  time_point since_{};
};

std::unique_ptr<contender> make_p2c_peak_ewma(const contest& of, std::uint64_t seed);
std::unique_ptr<contender> make_p2c_peak_ewma_penalised(const contest& of, std::uint64_t seed);
std::unique_ptr<contender> make_brpc_p2c(const contest& of, std::uint64_t seed);
std::unique_ptr<contender> make_brpc_p2c4(const contest& of, std::uint64_t seed);
std::unique_ptr<contender> make_kratos(const contest& of, std::uint64_t seed);

}  // namespace troupe::simulator
