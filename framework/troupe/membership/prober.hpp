// Who is still there: one peer a period is pinged, directly, then through others.
//
// A probe lasts a period, and nothing is decided before its end: a late answer still counts. When its first
// ping goes unanswered, a few helpers ping in this node's place, a stream is tried, and where packets get
// lost as a rule the target is pinged again and again. What a probe says of its target and of this node is
// the core's business: here it only ends, one way or the other.
//
// Sources: SWIM, section 3.1; Lifeguard, section IV-A (the period grows with the local health).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <troupe/base/alarms.hpp>
#include <troupe/base/endpoint.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/membership/open_suspicions.hpp>
#include <troupe/membership/reach.hpp>
#include <troupe/membership/roster.hpp>

namespace troupe::membership {

struct step;

/// How a probe ended.
struct probe_end {
  identity target;
  answer how = answer::none;
  std::size_t helpers_asked = 0;
  std::size_t helpers_silent = 0;  // of them: neither answer nor nack came
};

class prober {
 public:
  /// `first`: when the first probe begins.
  explicit prober(time_point first) { alarms_.set(alarm::begin, first); }

  /// What is due of the probe under way. Gives how it ended, when it did.
  std::optional<probe_end> tick(const step& at);
  /// The next one, if it is time: whose turn it is, or a suspect that this node is a witness of. Not whom a
  /// roll call did not find.
  void begin_next(const open_suspicions& doubts, const step& at);
  /// Somebody suspects `suspect`: maybe it is probed next, so that others confirm it, or clear it, soon.
  void be_witness(node_id suspect, const step& at);

  /// An ack to one of the probe's pings ends it. One to the first ping measures the round trip.
  std::optional<probe_end> receive_ack(const packet& ack, const step& at);
  /// One of the helpers got no answer.
  void receive_nack(const packet& nack);
  /// A stream to `peer` was answered: its process lives, and packets get lost.
  std::optional<probe_end> stream_answered(const identity& peer, const step& at);

  /// The probe under way says nothing.
  void abandon();
  /// So does one of this node: it is gone.
  void abandon(node_id target);
  /// The next probe begins no later than that.
  void begin_by(time_point when) { alarms_.set_by(alarm::begin, when); }

  time_point next_deadline() const { return alarms_.next(); }
  /// The earliest of the deadlines that a process which is running keeps.
  time_point due_since() const;

 private:
  struct probe {
    identity target;
    endpoint address;
    std::uint64_t sequence = 0;
    time_point started;
    std::vector<std::uint64_t> repeats;  // of further pings: who answers these has not got the first
    std::vector<node_id> helpers;        // asked, and neither answer nor nack came yet
    std::size_t helpers_asked = 0;
  };
  enum class alarm : std::uint8_t {
    begin,
    ask_helpers,
    ask_again,  // where packets are lost as a rule
    conclude,
    count
  };

  const known_node* next_target(const open_suspicions& doubts, const step& at);
  void ping(std::uint64_t sequence, const step& at) const;
  void ask_again(const step& at);
  void ask_helpers(const step& at);
  probe_end end(answer how);

  std::optional<probe> probe_;
  node_id witnessed_;  // a suspect that this node probes out of turn
  alarms<alarm> alarms_;
};

}  // namespace troupe::membership
