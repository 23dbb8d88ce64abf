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
#include <string_view>

namespace troupe::retry {

/// `$Troupe.criticality` in the IDL; the numbers travel on the wire. Normal unless said or inherited.
enum class criticality : std::uint8_t {
  sheddable = 0,  // can be left out, or made up for later: prefetching, batches
  normal = 1,
  critical = 2,  // somebody notices at once: a payment, a login
};

inline constexpr std::size_t criticalities = 3;

/// A number from the wire; one that is none of them counts as normal.
constexpr criticality criticality_from_wire(std::uint8_t number) {
  return number < criticalities ? static_cast<criticality>(number) : criticality::normal;
}

std::string_view to_string(criticality value);

/// Is it the call's first attempt, or one that follows (a failover, a backup, a hedge)?
enum class attempt_kind : bool { first, further };

/// How many of `limit` requests may be there, this one included, for a request of this kind to stay; at least
/// 1. Normal traffic leaves a tenth for what is critical: a burst of it then needs no queue. Sheddable
/// traffic leaves 30%: it stops before a queue of it is felt by the others. A further attempt stops 5%
/// earlier.
constexpr std::uint32_t allowance(std::uint32_t limit, criticality what, attempt_kind which) {
  constexpr std::uint32_t percent[criticalities] = {70, 90, 100};
  const std::uint64_t share =
      percent[static_cast<std::size_t>(what)] - (which == attempt_kind::further ? 5u : 0u);
  return std::max(1u, static_cast<std::uint32_t>((limit * share + 99) / 100));
}

}  // namespace troupe::retry
