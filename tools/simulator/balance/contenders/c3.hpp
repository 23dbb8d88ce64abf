// C3: replicas ranked by a cubic function of their queues, and a sending rate for each that adapts as CUBIC
// does.
//
// A replica's score is its network time plus its service time times the cube of its expected queue, which
// counts each own request in flight for all the clients alike (concurrency compensation). Then the first
// replica in that order takes the request whose rate limiter has a token; if none has, the request waits.
//
// Source: Suresh, Canini, Schmid, Feldmann, "C3: Cutting Tail Latency in Cloud Data Stores via Adaptive
// Replica Selection", NSDI 2015, sections 3.1 (ranking) and 3.2 (rates, algorithms 1 and 2); where the paper
// leaves a constant open, the authors' simulator (github.com/lalithsuresh/absim, simulations/client.py).
#pragma once

#include <memory>

#include "../contender.hpp"

namespace troupe::simulator {

/// What C3 knows of a replica, by what it was told with the last answers.
struct c3_feedback {
  double queue = 0;    // requests that wait or are served there, without the one that was answered
  double service = 0;  // s
  double network = 0;  // s: what is left of the round trip without the service time
};

/// Lower is better. `in_flight` own requests there; `clients` of the service in all. Seconds.
double c3_score(const c3_feedback& of, double in_flight, double clients);

/// Requests per 20 ms: the cubic curve through `rate_then`, from which the rate was cut `since` ago.
double c3_cubic_rate(duration since, double rate_then);

/// Ranking and rate control, as the paper has it.
std::unique_ptr<contender> make_c3(const contest& of, std::uint64_t seed);
/// The ranking alone. The rates start at 10 requests per 20 ms and server, and a router that has more to send
/// than that from the start is throttled further with every answer: no receiving rate ever exceeds the
/// sending rate. The rank without the rates has no such floor.
std::unique_ptr<contender> make_c3_ranking(const contest& of, std::uint64_t seed);

}  // namespace troupe::simulator
