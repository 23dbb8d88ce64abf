// Who is turned away first when a replica has more requests than it should hold.
//
// A limit is not one number but a ladder: each rung may fill a share of it, so that what matters more finds
// room where what matters less is refused already. At the same rung repeats give way to first attempts: the
// caller of a repeat has had its turn, and a service that is mostly repeating serves nobody.
//
// Source: Beyer et al., "Site Reliability Engineering" (2016), chapter 21, "Criticality".
#pragma once

#include <algorithm>
#include <cstdint>

#include <troupe/rpc/criticality.hpp>

namespace troupe::admission {

/// How many of `limit` requests may be there, this one included, for a request of this kind to stay; at least
/// 1. Normal traffic leaves a tenth for what is critical: a burst of it then needs no queue. Sheddable
/// traffic leaves 30%: it stops before a queue of it is felt by the others. A further attempt stops 5%
/// earlier.
constexpr std::uint32_t allowance(std::uint32_t limit, rpc::criticality what, rpc::attempt_kind which) {
  constexpr std::uint32_t percent[rpc::criticalities] = {70, 90, 100};
  const std::uint64_t share =
      percent[static_cast<std::size_t>(what)] - (which == rpc::attempt_kind::further ? 5u : 0u);
  return std::max(1u, static_cast<std::uint32_t>((limit * share + 99) / 100));
}

/// How full a service is.
struct fullness {
  std::uint32_t in_flight = 0;  // let in and not yet answered
  std::uint32_t leaving = 0;    // of them, turned away at their turn: on their way out
  std::uint32_t limit = 1;
};

/// May a request that was let in stay, at its turn? More critical ones may have come after it. It counts in
/// `in_flight` itself.
constexpr bool may_stay(const fullness& now, rpc::criticality what, rpc::attempt_kind which) {
  const auto most = allowance(now.limit, what, which);
  return now.in_flight <= most || now.in_flight - now.leaving <= most;
}

}  // namespace troupe::admission
