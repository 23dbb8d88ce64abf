#include <algorithm>
#include <utility>

#include <troupe/base/hash.hpp>
#include <troupe/routing/router.hpp>

namespace troupe::routing {

namespace {

constexpr duration watch_every = 100ms;

}  // namespace

router::router(options settings, node_id self, std::string zone, std::uint64_t seed, time_point now)
    : settings_(std::move(settings)),
      random_(seed),
      services_(settings_, mix(seed), now),
      links_(settings_, self, std::move(zone), services_, random_),
      calls_(settings_, services_, links_, random_, now) {}

// --- What a node's fate means for calls ---------------------------------------------------------------

void router::node_changed(const node_view& view, time_point now, actions& out) {
  const node_id id = view.self.node;
  switch (links_.node_changed(view, now, out)) {
    case link_book::news::none:
      return;
    case link_book::news::gone:
      // While it is still known: what is told of its attempts has its name.
      calls_.back_up_attempts_on(id, now, out);
      return links_.forget(id);
    case link_book::news::present:
      break;
  }
  // A call for one node may have come before the news of that node.
  node_state& node = *links_.find(id);
  if (node.link == link_state::idle && calls_.is_awaited(id)) links_.windows().reach_out(node, now, out);
  calls_.restart_parked(id, now, out);
}

void router::link_up(node_id node, time_point now, actions& out, probes what) {
  if (links_.link_up(node, now, what)) calls_.restart_parked(node, now, out);
}

void router::link_down(node_id node, std::string_view why, time_point now, actions& out) {
  if (links_.link_down(node, why, now)) calls_.lose_attempts_on(node, why, now, out);
}

void router::link_congested(node_id node, congested is, time_point now, actions& out) {
  links_.link_congested(node, is == congested::yes);
  if (is == congested::no) calls_.restart_parked(node, now, out);
}

void router::fell_silent(node_id node, time_point now, actions& out) {
  if (links_.fell_silent(node)) calls_.back_up_attempts_on(node, now, out);
}

// --- Time ---------------------------------------------------------------------------------------------

void router::tick(time_point now, actions& out) {
  calls_.tick(now, out);
  links_.tick(now, out);
  if (now < next_watch_) return;
  next_watch_ = now + watch_every;
  if (calls_.under_way() > 0) links_.watch(now);
}

time_point router::next_deadline() const {
  const time_point due = std::min(calls_.next_deadline(), links_.next_deadline());
  return calls_.under_way() > 0 ? std::min(due, next_watch_) : due;
}

// --- Seeing and steering ------------------------------------------------------------------------------

std::vector<std::string> router::services() const {
  std::vector<std::string> names;
  for (const auto& [name, ref] : services_.by_name()) names.push_back(name);
  return names;
}

result<void> router::set_policy(std::string_view service, balance::policy_kind kind) {
  return services_.set_policy(service, kind);
}

result<void> router::set_policy(std::string_view service, std::unique_ptr<balance::policy> own) {
  return services_.set_policy(service, std::move(own));
}

result<void> router::set_options(std::string_view service, const service_options& wanted) {
  auto applied = services_.set_options(service, wanted);
  if (applied && wanted.aperture) links_.windows().move_at_once();
  return applied;
}

}  // namespace troupe::routing
