// brpc's "la": locality-aware load balancing, a random draw by weights that chase the lowest latency.
//
// A server's weight is its throughput over its latency, both of the last 128 answers: a server faster than
// the others gains traffic until it is as slow as they are. The window is slow to learn, so a weight is cut
// at once when those in flight are older, on average, than answers take: base * latency / their mean age.
//
// Source: brpc, docs/en/lalb.md and src/brpc/policy/locality_aware_load_balancer.{h,cpp}. There a tree finds
// the drawn server in O(log n); here a scan does, for restricted candidates are part of the game.
#pragma once

#include <memory>

#include "../contender.hpp"

namespace troupe::simulator {

std::unique_ptr<contender> make_lalb(const contest& of, std::uint64_t seed);

}  // namespace troupe::simulator
