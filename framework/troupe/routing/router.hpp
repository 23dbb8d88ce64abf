// The life of every call that this node makes: which replica, which attempt, when to try elsewhere, when to
// give up. Sans-IO: the router's actor (calling/router_actor.hpp) translates.
//
// What is here only wires three types, each of which knows only those before it:
//
//   service_table   the services: names, statistics, policies, budgets
//   link_book       the nodes and the links to them: who can take a call (dialler, service_windows)
//   call_book       the calls: attempts, timers, failover (call_slab, timer_wheel)
//
// The caller of this class performs the actions in order; what fails while performing (a full link) comes
// back through `unsent`, into the same list.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/balance/explanation.hpp>
#include <troupe/balance/policy.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/random.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/routing/call.hpp>
#include <troupe/routing/call_book.hpp>
#include <troupe/routing/link_book.hpp>
#include <troupe/routing/node_table.hpp>
#include <troupe/routing/options.hpp>
#include <troupe/routing/recent_calls.hpp>
#include <troupe/routing/service_options.hpp>
#include <troupe/routing/service_table.hpp>
#include <troupe/rpc/load_report.hpp>

namespace troupe::routing {

class router {
 public:
  /// `settings` must be valid (options::validate). `zone` is this node's own.
  router(options settings, node_id self, std::string zone, std::uint64_t seed, time_point now);
  router(const router&) = delete;
  router& operator=(const router&) = delete;

  // --- What is there -----------------------------------------------------------------------------

  service_ref intern(std::string_view service) { return services_.intern(service); }
  std::string_view name_of(service_ref service) const { return services_[service].name; }

  /// This node, too, is reported here when it serves anything; its link is always up, and never dialled.
  /// A lower epoch than the known one is ignored, a higher one is a new replica without history.
  void node_changed(const node_view& view, time_point now, actions& out);
  /// `what`: with probes::ignored the node is never asked for its load.
  void link_up(node_id node, time_point now, actions& out, probes what = probes::answered);
  /// Every attempt under way on it is lost; a new dial follows after a backoff while it is needed.
  void link_down(node_id node, std::string_view why, time_point now, actions& out);
  /// The link took as much as it may hold: no new attempts until `congested::no`. When every link that is
  /// up is congested, calls end at once as RESOURCE_EXHAUSTED: they are refused, not queued.
  enum class congested : bool { no, yes };
  void link_congested(node_id node, congested is, time_point now, actions& out);
  /// Any frame arrived from the node (an answer or a keep-alive): it is not silent.
  void heard_from(node_id node, time_point now) { links_.heard_from(node, now); }
  /// The link's keep-alive had no answer in time: barred until it is heard from again; safe attempts
  /// under way on it go elsewhere at once.
  void fell_silent(node_id node, time_point now, actions& out);

  // --- Calls ---------------------------------------------------------------------------------------

  /// At most options::calls_max - 1 at once: beyond, the call ends at once as RESOURCE_EXHAUSTED.
  call_id begin(const call_spec& spec, time_point now, actions& out) { return calls_.begin(spec, now, out); }
  /// The call ends as CANCELLED, with its `finish`. Of a call that has ended: nothing.
  void cancel(call_id call, time_point now, actions& out) { calls_.cancel(call, now, out); }
  /// Of an attempt that nobody waits for any more: nothing.
  void answered(attempt_id attempt, const answer& said, time_point now, actions& out) {
    calls_.answered(attempt, said, now, out);
  }
  /// A probe's answer. Of a replica that is not there any more: nothing.
  void load_told(node_id by, service_ref service, const rpc::load_report& load, time_point now) {
    calls_.load_told(by, service, load, now);
  }
  /// The transmit could not be done: nothing was sent.
  void unsent(attempt_id attempt, std::string_view why, time_point now, actions& out) {
    calls_.unsent(attempt, why, now, out);
  }

  void tick(time_point now, actions& out);
  time_point next_deadline() const;

  /// Where a call's slot is: dense, reused, below options::calls_max. For the actor's own tables. Slot 0 is
  /// shared by the calls that ended at once because calls_max was reached.
  static std::uint32_t slot_of(call_id call) { return call_slab::slot_of(call); }
  static call_id call_of(attempt_id attempt) { return call_state::call_of(attempt); }
  /// Of a call under way, or of one that ended since the actor's last call in here; else empty.
  std::span<const attempt_record> history(call_id call) const { return calls_.history(call); }
  std::uint32_t calls_under_way() const { return calls_.under_way(); }

  // --- Seeing and steering -------------------------------------------------------------------------

  std::vector<std::string> services() const;
  /// Nothing where it is not interned.
  std::optional<service_ref> find_service(std::string_view name) const { return services_.find(name); }
  bool knows(std::string_view service) const { return find_service(service).has_value(); }
  /// As the next call of the method would see it.
  balance::explanation explain(service_ref service, time_point now, std::uint32_t method = 0) const {
    return services_.explain(service, method, now);
  }
  using method_times = routing::method_times;
  /// Of those that were measured.
  std::vector<method_times> times_of(service_ref service) const { return services_.times_of(service); }
  const recent_calls& recent() const { return calls_.recent(); }

  // As in service_table.
  result<void> set_policy(std::string_view service, balance::policy_kind kind);
  result<void> set_policy(std::string_view service, std::unique_ptr<balance::policy> own);
  result<void> set_options(std::string_view service, const service_options& wanted);
  void declare_policy(service_ref service, std::string_view policy) {
    services_.declare_policy(service, policy);
  }
  /// What the service may still repeat, in attempts.
  double retry_budget(service_ref service, time_point now) const {
    return services_[service].budget.balance(now);
  }

  using counters = call_book::counters;
  const counters& counted() const { return calls_.counted(); }

 private:
  const options settings_;
  random_source random_;
  service_table services_;
  link_book links_;
  call_book calls_;
  time_point next_watch_ = time_point{};
};

}  // namespace troupe::routing
