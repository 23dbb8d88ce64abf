// Pings that this node sends in others' places: indirect probes (SWIM, section 3), seen from the helper.
//
// The answer goes back to whoever asked. Where none comes in time, the helper says so (Lifeguard's nack), so
// that the requester can tell its own trouble from the target's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include <troupe/base/alarms.hpp>
#include <troupe/base/endpoint.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/message.hpp>

namespace troupe::membership {

struct step;

class relays {
 public:
  /// Open at once; more requests are ignored and counted, and the requester asks somebody else.
  static constexpr std::size_t open_max = 1024;

  /// `request` came from a node that listens at `reply_to`. One without sense is counted as ignored.
  void accept(const packet& request, const endpoint& reply_to, const step& at);
  /// True when `ack` answers one of these pings: it has been passed on.
  bool pass_on(const packet& ack, const step& at);
  /// Says what has not been answered, and ends what takes too long.
  void tick(const step& at);
  void clear() { open_.clear(); }
  time_point next_deadline() const { return alarms_.next(); }
  std::size_t size() const { return open_.size(); }

 private:
  struct relay {
    identity target;
    identity requester;
    endpoint requester_address;
    std::uint64_t requester_sequence = 0;
    time_point nack_at;  // `never` once sent
    time_point ends;
  };
  enum class alarm : std::uint8_t { look, count };

  std::map<std::uint64_t, relay> open_;  // by the sequence of this node's own ping
  alarms<alarm> alarms_;
};

}  // namespace troupe::membership
