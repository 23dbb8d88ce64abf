// The calls that a node remembers, to tell later who got each attempt, why, and what came of it.
//
// Nearly every call goes well at once and is of no interest a moment later. Kept are those that failed, took
// more than one attempt, were answered with an error or were slow, and of the rest one in 64, to compare
// with. Each reason has a store of its own, so that a flood of one kind does not wash away the others.
//
// Keeping one is O(1), and reuses the storage of the one that goes. Finding one looks at all: people ask
// rarely.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/balance/explanation.hpp>
#include <troupe/base/hash.hpp>
#include <troupe/routing/call.hpp>

namespace troupe::routing {

/// One attempt, with what was known when its replica was chosen.
struct remembered_attempt {
  attempt_record record;
  std::string name;     // of the node, which may be gone by now
  std::string address;  // empty: this node itself
  /// The score's terms at the pick; empty where only their sum was kept: of first attempts, but for sampled
  /// calls.
  std::vector<balance::term> terms;
  std::uint32_t candidates = 0;  // that were compared; 0: not known
  double runner_up = 0;          // the next best score; 0: there was none
};

struct recent_call {
  enum class reason : std::uint8_t { failed, repeated, declined, slow, sampled };

  call_id id;
  std::string service;
  std::string method;  // its name, or its number
  std::string policy;  // by which replicas were chosen when the call ended
  rpc::safety safety = rpc::safety::unsafe;
  bool pinned = false;  // only one node might answer
  time_point began{};
  duration took{0};
  duration allowed{0};
  troupe::code code = code::ok;  // of the answer, or of the failure
  std::string text;              // of the failure
  reason kept_for = reason::sampled;
  std::uint64_t order = 0;  // ascending by the end of the call

  std::span<const remembered_attempt> attempts() const { return {tries.data(), count}; }
  /// Why the attempt's replica was chosen: "lowest of 5 scores, next 0.41", "round_robin among 3".
  std::string why_chosen(std::size_t attempt) const;
  /// sequel_text of that attempt.
  std::string what_followed(std::size_t attempt) const;

  std::vector<remembered_attempt> tries;  // at least `count`
  std::size_t count = 0;
};

/// "failed", "took several attempts", "answered with an error", "slow", "one in 64".
std::string_view to_string(recent_call::reason value);

class recent_calls {
 public:
  static constexpr std::size_t kept_max = 1024;  // of each reason

  /// Whether the call is one in 64: known from its start, so that more may be noted on the way.
  static bool is_sampled(call_id call) { return (mix(call.value) & sample_mask) == 0; }

  /// The place of the next one, to be filled in; what stood there is forgotten.
  recent_call& add(recent_call::reason why);
  /// Null where it was not kept, or has made room since.
  const recent_call* find(call_id call) const;
  /// Newest first, at most `most`; of all services where `service` is empty.
  std::vector<const recent_call*> list(std::string_view service, std::size_t most) const;

 private:
  /// The last calls kept for one reason; a new one takes the place of the oldest.
  struct circle {
    std::vector<recent_call> calls;
    std::size_t next = 0;
  };
  static constexpr std::uint64_t sample_mask = 63;

  std::array<circle, 5> circles_;
  std::uint64_t added_ = 0;
};

}  // namespace troupe::routing
