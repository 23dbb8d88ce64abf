// The kinds of events in a run, 16 bytes each.
#pragma once

#include <cstdint>

#include "../event_queue.hpp"

namespace troupe::simulator {

struct happening {
  enum class kind : std::uint8_t {
    request_arrives,   // the next one, at a router
    attempt_arrives,   // subject: attempt; at its server
    attempt_done,      // subject: attempt; FIFO: its service time is over
    attempt_gave_way,  // subject: attempt; its server turned it away when its turn had come
    sharing_due,       // subject: server, detail: generation; processor sharing: somebody may be done
    answer_arrives,    // subject: attempt; at its router
    withdraw_arrives,  // subject: attempt, detail: generation
    probe_arrives,     // subject: probe slot; at the server
    probe_answered,    // subject: probe slot
    client_wakes,      // subject: router
    speed_changes,     // subject: server
    trouble_changes,   // subject: index into the timeline
    ticks,             // every 10 ms
    keep_alive,        // every 250 ms
  };
  kind what = kind::ticks;
  std::uint32_t subject = 0;
  std::uint32_t detail = 0;
};

using happenings = event_queue<happening>;

}  // namespace troupe::simulator
