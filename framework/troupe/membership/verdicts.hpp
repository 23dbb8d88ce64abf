// Suspicions: who may raise one, who shortens it, when it becomes a death, and when that has to wait.
//
// Nobody dies by one node's word where there are others, nor by the word of a node that doubts itself
// (isolation.hpp); a suspect is asked again before it is buried, and those who are due within
// options::verdict_wait are buried together.
//
// Sources: SWIM, section 4.2 (suspicion); Lifeguard, section IV-B (how long it lasts: suspicion.hpp).
#pragma once

#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/accusation_limit.hpp>
#include <troupe/membership/isolation.hpp>
#include <troupe/membership/member_table.hpp>
#include <troupe/membership/open_suspicions.hpp>
#include <troupe/membership/options.hpp>
#include <troupe/membership/provenance.hpp>

namespace troupe::membership {

struct step;

class verdicts {
 public:
  explicit verdicts(const options& settings) : limit_(settings.accusations_max, settings.probe_period) {}

  /// Exactly the members in state suspect.
  const open_suspicions& open() const { return open_; }
  bool suspects_many(const step& at) const;

  /// Every change of state goes through here: the table, the suspicions, the reports of loss and the departed
  /// follow. Moves the node; what it gives back is where it is now.
  known_node& enter(known_node& subject, state next, const accusation& by, const step& at);

  /// This node's probe of `subject` went unanswered. An isolated node accuses nobody for as long as its
  /// longest suspicion would last.
  void suspect(known_node& subject, const isolation& cut_off, const step& at);
  /// A roll call did not find these. Whom this node suspects is certain to be gone; whom it does not, it
  /// accuses only if it `knows_nothing_else`.
  void take_for_gone(const std::vector<identity>& silent, bool knows_nothing_else, const step& at);

  /// Whether a word of this accuser's shortens suspicions and kills.
  static trust trust_of(const accusation& by, const options& settings);
  /// False when this accuser has raised too many of late.
  bool admits(node_id accuser, time_point now) { return limit_.admit(accuser, now); }
  /// `known` is suspect; one more says so.
  void confirm(known_node& known, const accusation& by, const provenance& how, const step& at);
  /// `teller` holds the suspect `who` dead, if not of its own: one more who says so.
  void confirm_by_death(node_id who, node_id teller, time_point now) {
    open_.confirm(who, teller, trust::doubtful, now);
  }

  /// Something speaks against what a roll call found of `who`, or of anybody.
  void doubt(node_id who) { open_.set_certain(who, false); }
  void doubt_all() { open_.doubt_all(); }
  /// This node was not running for `by`: that counts for no suspicion.
  void postpone_all(duration by) { open_.postpone_all(by); }
  /// Everybody suspected gets the whole time to be heard.
  void restart_all(time_point now) { open_.restart_all(now); }
  /// What this node alone suspects, while it has reason to doubt itself, is its own trouble.
  void withdraw(const step& at);

  /// Buries whose time is up. Gives whom.
  std::vector<node_id> tick(const isolation& cut_off, const step& at);
  time_point next_deadline(const options& settings) const { return open_.gathered(settings.verdict_wait); }

 private:
  enum class ruling : std::uint8_t { wait, ask, bury };

  known_node& accuse(known_node& subject, const step& at);
  static bool wants_two_words(const step& at);
  static bool may_bury(const suspicion& doubt, const isolation& cut_off, const step& at);
  ruling rule(node_id who, std::size_t& asked, const isolation& cut_off, const step& at);
  void ask_about(const known_node& suspect, const step& at);
  void bury(known_node& subject, const step& at);

  open_suspicions open_;
  accusation_limit limit_;
};

}  // namespace troupe::membership
