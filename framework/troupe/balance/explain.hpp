// Tells of each replica of a service what its score is made of, and why it is not picked: explanation.hpp's
// candidates, from what this room keeps.
#pragma once

#include <cstdint>
#include <vector>

#include <troupe/balance/evidence.hpp>
#include <troupe/balance/explanation.hpp>
#include <troupe/balance/options.hpp>
#include <troupe/balance/pick_shares.hpp>
#include <troupe/balance/presence.hpp>
#include <troupe/base/time.hpp>

namespace troupe::balance {

/// Best first, for the methods of one group. `known` is a copy: a look may turn ejected into probing, and not
/// for being explained.
std::vector<candidate> explain(const options& settings, const presence& everyone, evidence known,
                               const pick_shares& shares, std::uint32_t group, time_point now);

}  // namespace troupe::balance
