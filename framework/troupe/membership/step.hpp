// One call of a core, as its parts see it: when it is, who is there, and what they may do. The whole seam
// between a part and everything else.
//
// A core has about a dozen parts of one subject each: prober, relays, verdicts, isolation, loss_watch,
// self_report, learner, farewell, sync_desk, seeds. Each owns what nobody else needs, and its deadlines. What
// all of them speak of is here: the table of members, what this node knows of itself, news, events, and the
// packets that go out. A part does not know its neighbours, but for the few that it is handed by name; what
// it finds out it returns, and core.cpp is where one part's answer becomes the next one's question. So each
// can be tested with a step and nothing else (tests/membership/step_fixture.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/actions.hpp>
#include <troupe/membership/departed.hpp>
#include <troupe/membership/event_batch.hpp>
#include <troupe/membership/gossiper.hpp>
#include <troupe/membership/local_health.hpp>
#include <troupe/membership/member_table.hpp>
#include <troupe/membership/options.hpp>
#include <troupe/membership/reach.hpp>
#include <troupe/membership/sync_schedule.hpp>

namespace troupe::membership {

/// What goes along with a ping out of turn. To whoever is most likely gone no news is told: it would count as
/// told.
enum class cargo : std::uint8_t { note, news };

struct step {
  const options& settings;
  random_source& random;
  member_table& table;
  membership::departed& departed;
  reach& reached;  // what became of the last probes
  local_health& health;
  gossiper& gossip;
  sync_schedule& syncs;
  event_batch& events;
  counters& counted;
  std::uint64_t& next_sequence;  // of pings
  const time_point now;
  actions& out;

  /// Up to `count` live ones, neither `except` nor this node.
  std::vector<node_id> pick_live(std::size_t count, node_id except = {}) const;

  // Packets.

  packet start(packet_kind kind) const;
  /// With a sequence of its own.
  packet start_ping(const identity& target) const;
  /// The buddy system: a suspect hears the suspicion first. Then the news, as much as fits into `bytes_max`.
  void fill(packet& into, const identity& receiver, std::size_t bytes_max) const;
  void fill(packet& into, const identity& receiver) const;
  void send(const endpoint& to, packet&& what) const { out.packets.push_back({to, std::move(what)}); }
  /// A ping out of turn whose first words are what is believed of its receiver. Nothing hangs on the answer.
  void warn(update belief, cargo with) const;
  /// True when this node believes something of `receiver` that the receiver must hear to set it right.
  bool needs_note(const identity& receiver) const;

  // News.

  void announce(const known_node& subject, urgency how_urgent, carry carried) const;
  /// What is announced goes out now, to a few.
  void push() const { gossip.push(*this); }

  // What happened.

  void happened(event_kind kind, const known_node& subject) const;
  /// An observer says something else of others than before, or its word counts again, or no longer.
  void take_losses(node_id observer, const std::vector<node_id>& before,
                   const std::vector<node_id>& after) const;
  /// It is there, and not live.
  void forget(node_id who) const;
  void note(std::string text) const { out.notes.push_back(std::move(text)); }
};

}  // namespace troupe::membership
