// What others say, and what becomes of it here.
//
// Which of two claims holds is order.hpp's. Here are the consequences: what is put into the table, what is
// told on, what the owner of this node hears, and what the other parts have to do with it (a `lesson`).
#pragma once

#include <cstdint>

#include <troupe/base/ids.hpp>
#include <troupe/membership/member_table.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/membership/options.hpp>
#include <troupe/membership/provenance.hpp>
#include <troupe/membership/verdicts.hpp>

namespace troupe::membership {

struct step;

/// True when what is said is within its bounds.
bool is_plausible(const update& fact, const options& settings);

/// What a fact means to others than the table.
struct lesson {
  enum class ending : std::uint8_t {
    none,
    superseded,    // another process has this node's name
    held_for_left  // the others hold that this node has left
  };
  /// It is over with this node.
  ending end = ending::none;
  endpoint successor;  // superseded: where the other process listens
  node_id suspected;   // newly, by a packet: this node may be a witness
  node_id unjust;      // cleared of a suspicion that was this node's own: packets to or from it may get lost
  node_id gone;        // dead or left now
};

class learner {
 public:
  lesson learn(const update& fact, const provenance& how, verdicts& judged, const step& at);
  /// That somebody is dead or has left, and no more than that.
  lesson learn_tombstone(const sync_digest& stone, const provenance& how, verdicts& judged, const step& at);

 private:
  struct transition;

  lesson learn_of_self(const update& fact, const step& at);
  void refute(std::uint64_t incarnation, const step& at);
  void learn_of_stranger(const update& fact, const provenance& how, const step& at);
  bool has_room_for(const update& fact, const step& at);
  bool is_rather_a_suspicion(const known_node& known, const update& fact, const provenance& how,
                             const step& at) const;
  lesson suspect_the_dead(known_node& known, const update& fact, const provenance& how, verdicts& judged,
                          const step& at);
  lesson replace(known_node& held, const update& fact, const provenance& how, verdicts& judged,
                 const step& at);
  static void overwrite(known_node& held, const update& fact, const step& at);
  static void report(const known_node& known, const update& fact, const transition& from, const step& at);
  static void learn_document(known_node& known, const update& fact, const provenance& how, const step& at);
  static bool adopt_document(known_node& known, const update& fact, const step& at);

  bool told_full_ = false;  // the note about members_max is written once
};

}  // namespace troupe::membership
