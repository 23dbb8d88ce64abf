// Which of two claims about one node is the newer: the whole of conflict resolution.
//
// A claim stands on (epoch, incarnation, state). Of any two, one replaces the other, whatever the order
// in which they arrive, so that all nodes end with the same view (SWIM, section 4.2, with epochs added).
#pragma once

#include <compare>
#include <cstdint>

#include <troupe/membership/message.hpp>

namespace troupe::membership {

struct claim {
  troupe::epoch epoch;
  std::uint64_t incarnation = 0;
  membership::state state = membership::state::alive;
  friend bool operator==(const claim&, const claim&) = default;
};

inline claim claim_of(const update& what) { return {what.subject.epoch, what.incarnation, what.state}; }

/// True when `news` replaces `known`. A restart replaces everything before it; within one epoch `left` is
/// the last word whatever the incarnation; then the incarnation decides, which only the owner raises; then
/// the worse state.
constexpr bool supersedes(const claim& news, const claim& known) {
  if (news.epoch != known.epoch) return news.epoch > known.epoch;
  const bool was_last_word = known.state == state::left;
  const bool is_last_word = news.state == state::left;
  if (was_last_word || is_last_word) return is_last_word && !was_last_word;
  if (news.incarnation != known.incarnation) return news.incarnation > known.incarnation;
  return news.state > known.state;
}

/// Alive and suspect members are live: probed, gossiped to, and counted in N.
constexpr bool is_live(state value) { return value == state::alive || value == state::suspect; }

}  // namespace troupe::membership
