// What a run came to: every request's fate, and the figures computed from them.
//
// Latencies are of requests that succeeded or missed their deadline (which then is their latency); what
// failed at once is an error and has none, or else a sinkhole would look fast.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <troupe/rpc/criticality.hpp>

#include "contender.hpp"
#include "scenario.hpp"

namespace troupe::simulator {

/// One request that has ended. Times in seconds since the start of the run.
struct sample {
  float arrived = 0;
  float latency = 0;
  std::uint16_t server = 0;  // of the last attempt
  ending how = ending::success;
  bool local = true;  // in the router's zone
  rpc::criticality criticality = rpc::criticality::normal;
};

/// Per 100 ms and server, row by row: what pictures and recovery times are made of.
struct series {
  static constexpr duration step = 100ms;
  std::uint32_t servers = 0;
  std::vector<std::uint32_t> sent;
  std::vector<std::uint32_t> refused;  // of those that were sent then; as long as `sent`
  std::vector<std::uint32_t> in_flight;

  std::size_t rows() const { return servers == 0 ? 0 : sent.size() / servers; }
};

/// Whole-run counts, after the warm-up.
struct tally {
  std::uint64_t requests = 0, attempts = 0, refused = 0, probes = 0, bounced = 0;
  std::uint64_t repeats = 0;                      // executions of a request beyond its first
  double most_in_flight = 0, mean_in_flight = 0;  // summed over the samples
};

struct outcome {
  /// By name, and by name@window. p50_ms p90_ms p99_ms p999_ms mean_ms errors_percent (and of each
  /// criticality: critical_errors_percent ...) goodput lost ended
  /// attempts_per_request taken_per_request (attempts that no server refused: what load they were)
  /// local_percent share_percent (of the servers of the incidents), and of the whole run requests
  /// probes_per_request asked_per_request (probes, and attempts that bounced) rif_max_over_mean
  /// share_max_over_mean recovery_s repeats.
  std::map<std::string, double> figures;
  series over_time;

  bool operator==(const outcome& other) const { return figures == other.figures; }
};

outcome conclude(const scenario& what, const std::vector<sample>& samples, const tally& counted,
                 series over_time);

}  // namespace troupe::simulator
