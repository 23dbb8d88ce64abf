// The life of every call that this node makes, from `begin` to its one `finish`: which attempt, when to try
// elsewhere, when to give up.
//
// A call is parked (no replica can take it yet), in flight (one attempt, or two when the first has stalled),
// or waiting for a backoff: a slot of call_slab in one of the phases of call_state. All its timers are one
// entry of timer_wheel: `wake`, or the deadline if that is earlier. Whatever happens, it ends exactly once,
// at its deadline at the latest.
//
// Nodes and links are the link book's. What became of them is reported here by node; these events are rare,
// so they look at every slot: a list per node would cost every attempt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <troupe/balance/replica_set.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/random.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/routing/call.hpp>
#include <troupe/routing/call_slab.hpp>
#include <troupe/routing/call_state.hpp>
#include <troupe/routing/failure_text.hpp>
#include <troupe/routing/link_book.hpp>
#include <troupe/routing/options.hpp>
#include <troupe/routing/recent_calls.hpp>
#include <troupe/routing/service_table.hpp>
#include <troupe/routing/timer_wheel.hpp>
#include <troupe/rpc/load_report.hpp>

namespace troupe::routing {

class call_book {
 public:
  /// `settings`, `services`, `links` and `random` must outlive it.
  call_book(const options& settings, service_table& services, link_book& links, random_source& random,
            time_point now);
  call_book(const call_book&) = delete;
  call_book& operator=(const call_book&) = delete;

  // --- Calls: as in router.hpp ---------------------------------------------------------------------

  call_id begin(const call_spec& spec, time_point now, actions& out);
  void cancel(call_id id, time_point now, actions& out);
  void answered(attempt_id attempt, const answer& said, time_point now, actions& out);
  void unsent(attempt_id attempt, std::string_view why, time_point now, actions& out);
  void load_told(node_id by, service_ref service, const rpc::load_report& load, time_point now);

  // --- What became of a node -----------------------------------------------------------------------

  /// Whether a call that is parked is for this node alone.
  bool is_awaited(node_id node) const;
  /// The node may take calls: whoever is parked begins anew, where any of these is for a service of its.
  void restart_parked(node_id id, time_point now, actions& out);
  /// The node is silent or gone: safe calls whose only attempts are there get a backup elsewhere at once.
  void back_up_attempts_on(node_id node, time_point now, actions& out);
  /// The link to the node broke, and with it all attempts there are lost.
  void lose_attempts_on(node_id node, std::string_view why, time_point now, actions& out);

  // --- Time ----------------------------------------------------------------------------------------

  void tick(time_point now, actions& out);
  time_point next_deadline() const { return wheel_.next_deadline(); }

  // --- Seeing --------------------------------------------------------------------------------------

  std::span<const attempt_record> history(call_id id) const;
  std::uint32_t under_way() const { return slab_.live(); }
  const recent_calls& recent() const { return recent_; }

  struct counters {
    std::uint64_t calls = 0, attempts = 0, failovers = 0, backups = 0, hedges = 0, throttled = 0, failed = 0,
                  budget_refusals = 0, probes = 0, probes_answered = 0, bounced = 0;
  };
  const counters& counted() const { return counted_; }

 private:
  /// Who pays for a repeat: nobody, as nothing happened anywhere; nobody, if it is the call's first; or else
  /// the service's budget.
  enum class payment : std::uint8_t { free, first_free, budget };
  enum class launched : bool { no, yes };
  struct found_attempt {
    call_state* call = nullptr;  // null: nobody waits for it any more
    std::size_t index = 0;
  };

  // Beginning, also anew (call_book.cpp)
  /// An attempt at any replica that may take it; where there is none, the call is parked.
  void start(call_state& call, time_point now, actions& out);
  /// Whether its key's owner gets its link within a moment. Reaches out for it.
  bool awaits_owner(const call_state& call, time_point now, actions& out);
  /// An attempt at a replica that this call has not tried.
  launched try_fresh(call_state& call, time_point now, actions& out);
  void launch(call_state& call, const balance::choice& picked, time_point now, actions& out);
  /// Waits for somebody who can take it, if anybody may come; else the call ends.
  void park(call_state& call, time_point now, actions& out);

  // Probes (call_book_probes.cpp)
  /// Sends the probes that the service's picks have earned.
  void send_probes(service_ref service, time_point now, actions& out);

  // Timers (call_book.cpp)
  /// Keeps the services' counts of parked calls.
  void set_phase(call_state& call, phase to);
  /// The call is looked at again at its `wake`, or at its deadline if that is earlier.
  void arm(call_state& call);
  /// What its phase says is to be done at that time.
  void wake(call_state& call, time_point now, actions& out);

  // Ending (call_book.cpp)
  /// Ends it for its deadline, and says as much of the attempts under way.
  void expire(call_state& call, time_point now, actions& out);
  /// Ends it, withdraws the attempts under way, and frees its slot.
  void conclude(call_state& call, attempt_id winner, error failure, time_point now, actions& out);

  // Second attempts beside the first (call_book_backups.cpp)
  /// A further attempt for a call whose attempts have stalled or were lost, if there is somebody to make it
  /// at and it can be paid for; else it is tried again in a while.
  void back_up(call_state& call, time_point now, actions& out);
  /// A second attempt for a call that is slower than usual.
  void hedge(call_state& call, time_point now, actions& out);

  // Attempts in place of one that failed (call_book_repeats.cpp)
  found_attempt find(attempt_id attempt);
  /// The attempt has ended without an answer: whether there may be another one, and at whose cost.
  void failed(call_state& call, std::size_t attempt, time_point now, actions& out);
  /// Makes that one, at once or after a wait; or ends the call.
  void repeat(call_state& call, const attempt_record& last, payment by, time_point now, actions& out);
  bool holds_for_all(const call_state& call, time_point now);
  /// False where the repeat may not be made; then the call has ended.
  bool pay_for_repeat(call_state& call, const attempt_record& last, payment by, time_point now, actions& out);
  void wait_to_repeat(call_state& call, const attempt_record& last, payment by, time_point now);

  service_state& service_of(const call_state& call) { return services_[call.spec.service]; }
  failure_view view_of(const call_state& call, time_point now) const {
    return {call, services_, links_.nodes(), now};
  }

  const options& settings_;
  service_table& services_;
  link_book& links_;
  random_source& random_;
  call_slab slab_;
  timer_wheel wheel_;  // by slot
  std::vector<std::uint32_t> due_;
  counters counted_;
  recent_calls recent_;
};

}  // namespace troupe::routing
