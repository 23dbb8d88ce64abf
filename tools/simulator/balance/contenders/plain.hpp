// The rules that need no measurement: random, round robin, and the fewest own requests in flight.
//
// Least loaded scans everybody (Nginx least_conn, HAProxy leastconn); p2c_least compares two at random
// (Mitzenmacher 2001, "The Power of Two Choices in Randomized Load Balancing"; Envoy's LEAST_REQUEST with
// equal weights, tower's PendingRequests). All count only the router's own requests.
#pragma once

#include <memory>

#include "../contender.hpp"

namespace troupe::simulator {

std::unique_ptr<contender> make_random(const contest& of, std::uint64_t seed);
std::unique_ptr<contender> make_round_robin(const contest& of, std::uint64_t seed);
std::unique_ptr<contender> make_least_loaded(const contest& of, std::uint64_t seed);
std::unique_ptr<contender> make_p2c_least(const contest& of, std::uint64_t seed);

}  // namespace troupe::simulator
