// Is it the others, or is it me? When a node must doubt itself, and how it finds out.
//
// A node that hardly anybody answers has lost its network, or most of the cluster is gone; from where it
// stands the two look the same. The first is far more likely, and in it a verdict about the others is wrong
// and floods the router. So a node that reaches fewer than a share of its last distinct targets (reach.hpp)
// is isolated: it stops accusing, and its open suspicions wait.
//
// It must not wait for ever, for the second happens too: survivors of a large crash, or the smaller side of a
// split. As soon as it hears anybody it calls the roll (roll_call.hpp), which tells the two apart unless
// packets get lost. Where it does not: after the time that its longest suspicion takes it accuses again,
// marked by its bad health, which harms nobody who is well; and it buries whom another one, too, has accused
// since. So two survivors bury the others, and one alone never does, before what options::dead_kept_for says.
// A lone survivor loses nothing by that: it serves, the router gives up on silent links by itself, and the
// first joiners end the isolation, since they answer. Below reach::targets_min others nothing can be told,
// and nobody is isolated.
#pragma once

#include <cstddef>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/roll_call.hpp>

namespace troupe::membership {

struct step;

class isolation {
 public:
  bool holds() const { return since_ != never; }
  /// `never` while it does not hold.
  time_point since() const { return since_; }
  void begin(time_point now) { since_ = now; }
  void end() { since_ = never; }

  /// Somebody spoke to this node. An isolated one calls the roll. True for the first words after a silence as
  /// long as its longest suspicion: the network is back, and before a word of what this node has thought of
  /// the others meanwhile goes out, and has them all refute it, it should think again.
  bool note_contact(const step& at);

  /// Who else is there? An isolated node asks when it hears somebody, any other when it suspects many.
  /// Nothing happens while a call is under way, or has just been.
  void begin_roll_call(const step& at);
  bool roll_call_is_due(time_point now) const { return roll_call_.next() <= now; }
  /// To be called each time that the call is due. Where so many of the first few have answered an isolated
  /// node that it may not be isolated, they count as reached: true.
  bool count_first_answers(const step& at) const;
  /// The next pings of a call. Gives who is gone, or cut off, once the call is over and says so: those who
  /// are there answer, so it is not this node's network that keeps the others from it. `needed`: the node is
  /// isolated, or suspects many.
  std::vector<identity> call_roll(bool needed, const step& at);
  void receive_ack(identity who, std::uint64_t sequence) { roll_call_.answered(who, sequence); }
  void close_roll_call() { roll_call_.close(); }
  time_point next_deadline() const { return roll_call_.next(); }

 private:
  std::vector<identity> conclude(const step& at);

  time_point since_ = never;
  time_point last_contact_ = time_point::min();
  roll_call roll_call_;
  time_point not_before_ = time_point::min();  // the next call
};

/// Pings to many, spread over time as gossip is: so many at once.
std::size_t pings_at_once(const step& at);

}  // namespace troupe::membership
