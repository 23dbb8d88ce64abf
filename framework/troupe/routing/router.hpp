// The life of every call that this node makes: which replica, which attempt, when to try elsewhere,
// when to give up. Sans-IO: the router actor (runtime/router.hpp) translates.
//
// One call is a slot in a slab. It is parked (no replica can take it yet), in flight (one attempt, or two
// when the first has stalled), or waiting for a backoff. Whatever happens, it ends exactly once, at its
// deadline at the latest. All timers sit in one wheel: there is no timer per call.
//
// The caller of this class performs the actions in order; what fails while performing (a full link) comes
// back through `unsent`, into the same list.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/balance/aperture.hpp>
#include <troupe/balance/explanation.hpp>
#include <troupe/balance/policy.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/random.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/retry/decide.hpp>
#include <troupe/routing/call.hpp>
#include <troupe/routing/call_slab.hpp>
#include <troupe/routing/node_table.hpp>
#include <troupe/routing/options.hpp>
#include <troupe/routing/recent_calls.hpp>
#include <troupe/routing/service_options.hpp>
#include <troupe/routing/service_state.hpp>
#include <troupe/routing/timer_wheel.hpp>
#include <troupe/rpc/load_report.hpp>
#include <troupe/rpc/safety.hpp>

namespace troupe::routing {

class router {
 public:
  /// `settings` must be valid (options::validate). `zone` is this node's own.
  router(const options& settings, node_id self, std::string zone, std::uint64_t seed, time_point now);
  router(const router&) = delete;
  router& operator=(const router&) = delete;
  ~router();

  // --- What is there -----------------------------------------------------------------------------

  service_ref intern(std::string_view service);
  std::string_view name_of(service_ref service) const;

  /// This node, too, is reported here when it serves anything; its link is always up, and never dialled.
  /// A lower epoch than the known one is ignored, a higher one is a new replica without history.
  void node_changed(const node_view& node, time_point now, actions& out);
  void link_up(node_id node, time_point now, actions& out);
  /// Every attempt under way on it is lost; a new dial follows after a backoff while it is needed.
  void link_down(node_id node, std::string_view why, time_point now, actions& out);
  /// The link took as much as it may hold: no new attempts until `congested::no`. When every link that is
  /// up is congested, calls end at once as RESOURCE_EXHAUSTED: they are refused, not queued.
  enum class congested : bool { no, yes };
  void link_congested(node_id node, congested is, time_point now, actions& out);
  /// Any frame arrived from the node (an answer or a keep-alive): it is not silent.
  void heard_from(node_id node, time_point now);
  /// The link's keep-alive had no answer in time: barred until it is heard from again; safe attempts
  /// under way on it go elsewhere at once.
  void fell_silent(node_id node, time_point now, actions& out);

  // --- Calls ---------------------------------------------------------------------------------------

  /// At most options::calls_max - 1 at once: beyond, the call ends at once as RESOURCE_EXHAUSTED.
  call_id begin(const call_spec& spec, time_point now, actions& out);
  /// The call ends as CANCELLED, with its `finish`. Of a call that has ended: nothing.
  void cancel(call_id call, time_point now, actions& out);
  /// Of an attempt that nobody waits for any more: nothing.
  void answered(attempt_id attempt, const answer& what, time_point now, actions& out);
  /// A probe's answer. Of a replica that is not there any more: nothing.
  void load_told(node_id by, service_ref service, const rpc::load_report& load, time_point now);
  /// The transmit could not be done: nothing was sent.
  void unsent(attempt_id attempt, std::string_view why, time_point now, actions& out);

  void tick(time_point now, actions& out);
  time_point next_deadline() const;

  /// Where a call's slot is: dense, reused, below options::calls_max. For the actor's own tables. Slot 0 is
  /// shared by the calls that ended at once because calls_max was reached.
  static std::uint32_t slot_of(call_id call) { return call_slab::slot_of(call); }
  static call_id call_of(attempt_id attempt) { return {attempt.value >> 4}; }
  /// Of a call under way, or of one that ended since the actor's last call in here; else empty.
  std::span<const attempt_record> history(call_id call) const;
  std::uint32_t calls_under_way() const { return calls_.live(); }

  // --- Seeing and steering -------------------------------------------------------------------------

  std::vector<std::string> services() const;
  /// Nothing where it is not interned.
  std::optional<service_ref> find_service(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found != by_name_.end() ? std::optional(found->second) : std::nullopt;
  }
  bool knows(std::string_view service) const { return find_service(service).has_value(); }
  /// As the next call of the method would see it.
  balance::explanation explain(service_ref service, time_point now, std::uint32_t method = 0) const;
  /// How long calls of a group of methods took lately.
  struct method_times {
    std::uint32_t method = 0;  // the last of replica_set::groups_max stands for all from there on
    duration median{0};
    duration p99{0};
  };
  /// Of those that were measured.
  std::vector<method_times> times_of(service_ref service) const;
  const recent_calls& recent() const { return recent_; }

  // Errors of all three: not_found when no such service is interned.
  result<void> set_policy(std::string_view service, balance::policy_kind kind);
  result<void> set_policy(std::string_view service, std::unique_ptr<balance::policy> own);
  /// Errors, too: invalid_argument for weights that make no sense; then nothing has changed.
  result<void> set_options(std::string_view service, const service_options& how);
  /// What the interface's author declared. Counts where nobody has chosen yet; a name that is no policy's
  /// does not.
  void declare_policy(service_ref service, std::string_view name) {
    if (services_[service]->chosen == service_state::chosen_by::nobody) take_declared(service, name);
  }
  /// What the service may still repeat, in attempts.
  double retry_budget(service_ref service, time_point now) const;

  struct counters {
    std::uint64_t calls = 0, attempts = 0, failovers = 0, backups = 0, hedges = 0, throttled = 0, failed = 0,
                  budget_refusals = 0, probes = 0, probes_answered = 0, bounced = 0;
  };
  const counters& counted() const { return counted_; }

 private:
  enum class payment : std::uint8_t { free, first_free, budget };
  enum class launched : bool { no, yes };

  // Nodes (router_nodes.cpp)
  bool is_needed(const node& of, time_point now) const;
  void set_link(node& to, link_state state);
  void want_link(node& to, actions& out);
  void schedule_dial(node& to, time_point now);
  void dial_due(time_point now, actions& out);
  void place(node& on, const node_view& view, time_point now, actions& out);
  void drop_replicas(node& of);
  void mark(const node& of);
  void use(service_ref service, actions& out);
  void resume(const node& on, time_point now, actions& out);
  void move_away(node_id from, time_point now, actions& out);
  void lose(node_id with, std::string_view why, time_point now, actions& out);

  // Whom to be connected to, where there are many (router_apertures.cpp)
  void aim_soon(time_point now);
  void aim_all(time_point now, actions& out);
  void aim(service_ref service, actions& out);
  balance::router_place place_among_callers(service_ref service) const;
  void reach_out(node& to, time_point now, actions& out);
  void reach_out_for_parked(node& to, time_point now, actions& out);
  bool widen(service_ref service, time_point now, actions& out);
  void let_go(time_point now, actions& out);

  // Calls (router_calls.cpp)
  void start(call& it, time_point now, actions& out);
  bool awaits_owner(const call& it, time_point now, actions& out);
  launched try_fresh(call& it, time_point now, actions& out);
  std::optional<balance::choice> pick(const call& it, balance::request::again tried, time_point now);
  void launch(call& it, const balance::choice& picked, time_point now, actions& out);
  void ask_around(service_ref service, time_point now, actions& out);
  void park(call& it, time_point now, actions& out);
  void set_phase(call& it, phase to);
  void back_up(call& it, time_point now, actions& out);
  void hedge(call& it, time_point now, actions& out);
  void ended(call& it, std::size_t attempt, balance::outcome how, const rpc::load_report* load,
             time_point now);
  void failed(call& it, std::size_t attempt, time_point now, actions& out);
  void repeat(call& it, const attempt_record& last, payment how, time_point now, actions& out);
  void conclude(call& it, attempt_id winner, error failure, time_point now, actions& out);
  void expire(call& it, time_point now, actions& out);
  void wake(call& it, time_point now, actions& out);
  void arm(call& it);
  duration stall_of(const call& it, time_point since) const;
  time_point first_look(call& it, time_point now) const;
  void note_answer(const call& it, const attempt_state& of, const answer& what, time_point now);
  call* find(attempt_id attempt, std::size_t& index);

  // What is remembered (router_memory.cpp)
  void note_pick(call& it, std::size_t attempt);
  void remember(const call& it, attempt_id winner, const error& failure, time_point now);
  std::optional<recent_call::reason> worth_remembering(const call& it, attempt_id winner,
                                                       time_point now) const;
  void describe(remembered_attempt& into, const call& it, std::size_t attempt) const;
  void take_declared(service_ref service, std::string_view policy);

  // What callers are told (failure_text.cpp)
  std::string label(node_id of) const;
  std::string known(const call& it) const;
  error nobody_offers(const call& it, time_point now) const;
  error nobody_reachable(const call& it, time_point now) const;
  error all_congested(const call& it) const;
  error out_of_time(const call& it, time_point now) const;
  error not_repeated(const call& it, const attempt_record& last) const;
  error attempts_used(const call& it, const attempt_record& last) const;
  error budget_empty(const call& it, const attempt_record& last) const;
  error throttled(const call& it) const;
  error told_not_to_retry(const call& it, const attempt_record& last) const;
  error still_refused(const call& it, time_point now) const;
  error too_many_calls() const;

  service_state& service_of(const call& it) { return *services_[it.spec.service]; }
  const service_state& service_of(const call& it) const { return *services_[it.spec.service]; }

  const options settings_;
  const node_id self_;
  const std::string zone_;
  const std::uint64_t salt_;
  const time_point born_;
  random_source random_;
  std::vector<std::unique_ptr<service_state>> services_;
  std::map<std::string, service_ref, std::less<>> by_name_;
  node_table nodes_;
  call_slab calls_;
  timer_wheel wheel_;
  std::vector<std::uint32_t> due_;
  std::uint32_t dialing_ = 0;   // links
  std::uint32_t windowed_ = 0;  // services
  time_point next_dial_ = never;
  time_point next_aim_ = never;
  time_point next_let_go_ = never;
  time_point next_watch_ = time_point{};
  counters counted_;
  recent_calls recent_;
};

}  // namespace troupe::routing
