// gRPC's weighted_round_robin: turns in proportion to what each server can do by its own account.
//
// weight = qps / (utilisation + errors/s / qps * penalty): requests per unit of load. A weight counts after
// 10 s of reports (blackout), until 3 min without any; the schedule is made anew every second; with fewer
// than two weights it is plain round robin, and who has none gets the mean.
//
// Our load reports carry neither qps nor utilisation, so both follow from what they carry, with
// busy = min(in_flight, workers): by Little's law for the workers qps = busy / service_time, which is worker
// time, and utilisation = busy / workers, the means of a second as a CPU's would be. A server that reports no
// load has no utilisation, and so no weight of its own.
//
// Source: gRFC A58, "Weight Calculation", "Earliest Deadline First Scheduler" and the defaults of its
// configuration.
#pragma once

#include <memory>

#include "../contender.hpp"

namespace troupe::simulator {

/// 0: unusable. `error_share` is the share of the requests that failed.
double grpc_weight(double qps, double utilisation, double error_share);

std::unique_ptr<contender> make_weighted_round_robin(const contest& of, std::uint64_t seed);

}  // namespace troupe::simulator
