// One call under way, and its attempts.
//
// attempt_id = call_id << 4 | attempt number (1 to 15). So an id that comes back from the wire says which
// call and which of its attempts it belongs to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <troupe/balance/replica_set.hpp>
#include <troupe/balance/score.hpp>
#include <troupe/base/hash.hpp>
#include <troupe/routing/call.hpp>

namespace troupe::routing {

enum class phase : std::uint8_t {
  ended,      // the slot is free; its history stays readable until it is used again
  parked,     // nobody reachable may take it
  waiting,    // for its backoff
  under_way,  // one attempt or more without an outcome
};

/// What is known of an attempt beside its record.
struct attempt_state {
  balance::choice picked;
  bool under_way = false;
  std::optional<balance::term_values> terms;  // of the score at the pick, where they were worth computing
  bool excused = false;  // refused by a replica that will be back: not one of `attempts_max`
};

struct call_state {
  static constexpr std::uint32_t attempts_recorded_max = 15;  // four bits of the attempt id
  static constexpr std::uint32_t uncounted_recorded_max =
      7;  // leaves 8, retry::options' bound, for the others

  call_id id;
  call_spec spec;
  time_point began{};
  time_point wake{};  // when a stalled attempt is to be looked at, or a backoff ends
  routing::phase phase = phase::ended;
  std::uint8_t outstanding = 0;  // attempts under way
  std::uint8_t failovers = 0;    // attempts after a refusal or a loss
  std::uint8_t unsent = 0;       // attempts that never left, in a row
  std::uint8_t excused = 0;      // attempts that were
  bool bounced = false;          // one attempt has, and no other may
  bool sampled = false;          // one in 64 (recent_calls::is_sampled): remembered anyhow
  enum class free_failover : bool { unused, used } free = free_failover::unused;
  enum class backup : std::uint8_t { none, wanted, made } backup = backup::none;
  enum class hedge : std::uint8_t { none, awaited, settled } hedge = hedge::none;
  rpc::advice advice = rpc::advice::may_retry;
  std::uint64_t marks = 0;  // of the nodes of its attempts: a scan for a node's calls skips most others by it
  std::vector<attempt_record> records;  // parallel to `states`
  std::vector<attempt_state> states;

  attempt_id attempt(std::size_t index) const { return {id.value << 4 | (index + 1)}; }
  static call_id call_of(attempt_id attempt) { return {attempt.value >> 4}; }
  /// Of an attempt of a call; ids that came from elsewhere may have an index that no attempt has.
  static std::size_t index_of(attempt_id attempt) { return static_cast<std::size_t>(attempt.value & 15) - 1; }

  /// The group of methods that the call's counts for in the statistics.
  std::uint32_t group() const { return balance::replica_set::group_of(spec.method); }
  /// False where it certainly has no attempt on `node`; true now and then where it has none either.
  bool may_have_attempt_on(node_id node) const { return (marks & mark_of(node)) != 0; }
  /// Whether the attempt is one of those that retry::options::attempts_max bounds: it reached a replica, or
  /// may have.
  bool counts(std::size_t index) const {
    return records[index].fate != retry::fate::never_sent && records[index].fate != retry::fate::bounced &&
           !states[index].excused;
  }
  /// Attempts that count.
  std::uint32_t reached() const;

  /// Notes an attempt at `node` that begins now; its index. Where many attempts never left or were excused,
  /// the last of them lends its number to this one: no answer to it will come.
  /// REQUIRES: fewer than attempts_recorded_max are recorded, or the last one does not count.
  std::size_t open(const balance::choice& picked, node_id node, time_point now);
  /// Notes that nobody waits for the attempt any more.
  /// REQUIRES: it is under way.
  void close(std::size_t index, time_point now) {
    states[index].under_way = false;
    --outstanding;
    records[index].ended = now;
  }

 private:
  static std::uint64_t mark_of(node_id node) { return std::uint64_t{1} << (mix(node.value) % 64); }
};

}  // namespace troupe::routing
