// Those who know the truth: what any router could reach at best, to measure the others against.
//
// rif_oracle knows every server's true requests in flight and nothing of speed: the best that balancing load
// alone can do. oracle knows speed and distance too, and sends each request where it is expected to be
// answered first; it does not know how long the single request takes. Neither is optimal: both are greedy.
#pragma once

#include <memory>

#include "../contender.hpp"

namespace troupe::simulator {

/// Least requests in flight per worker. `of.oracle` must not be null, here and below.
std::unique_ptr<contender> make_rif_oracle(const contest& of, std::uint64_t seed);
/// Least mean_work / speed * max(1, (in_flight + 1) / workers) + network.
std::unique_ptr<contender> make_oracle(const contest& of, std::uint64_t seed);

}  // namespace troupe::simulator
