// How much a call matters, and which attempt of it a request is: what decides who is turned away first when a
// replica has more requests than it should hold.
//
// Source: Beyer et al., "Site Reliability Engineering" (2016), chapter 21, "Criticality".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe::rpc {

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

}  // namespace troupe::rpc
