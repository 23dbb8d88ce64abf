// What a replica says of its own load, in every reply: the server's half of the statistics.
//
// A report is a claim, not a measurement of ours. Whatever part of a round trip it leaves unexplained is
// charged to the path to that replica, so a report that flatters gains nothing.
#pragma once

#include <cstdint>

#include <troupe/base/time.hpp>

namespace troupe::rpc {

/// What the replica asks of its callers, beyond the numbers.
enum class load_flag : std::uint8_t {
  none = 0,
  overloaded = 1,  // it sheds, or is about to: send less
  draining = 2,    // it is leaving: send elsewhere
  overloaded_and_draining = 3,
};

constexpr load_flag operator|(load_flag one, load_flag other) {
  return static_cast<load_flag>(static_cast<std::uint8_t>(one) | static_cast<std::uint8_t>(other));
}

/// One replica's load for one service, as it wrote the reply. Zero means unknown, except for `in_flight`.
struct load_report {
  std::uint32_t in_flight = 0;  // requests admitted and not yet answered, of all callers, this one included
  std::uint32_t yours = 0;      // those of them that came from the caller it reports to; 0: not told
  std::uint32_t workers = 0;    // how many it can serve at once without one waiting for another
  std::uint32_t limit = 0;      // how many it admits before it refuses
  duration queue_delay{0};      // smoothed time that a request waited for its first turn
  duration service_time{0};     // mean worker time of a request (admission/service_meter.hpp)
  duration service_age{0};      // how old that evidence is: an idle server learns nothing new
  duration age{0};              // of these figures when they were sent; 0 from Troupe's own server
  load_flag flags = load_flag::none;

  constexpr bool has(load_flag flag) const {
    return (static_cast<std::uint8_t>(flags) & static_cast<std::uint8_t>(flag)) != 0;
  }
};

}  // namespace troupe::rpc
