#include <algorithm>
#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/base/hash.hpp>
#include <troupe/gossip/event_log.hpp>
#include <troupe/gossip/gossip_actor.hpp>
#include <troupe/wire/gossip.hpp>

namespace troupe::gossip {

namespace {

constexpr duration look_period = std::chrono::milliseconds(500);

/// What leaves room for the seal.
membership::options core_options(const gossip_options& options) {
  auto settings = options.core;
  if (!options.keys.empty()) settings.packet_bytes_max -= crypto::sealed_overhead_bytes;
  return settings;
}

}  // namespace

gossip_actor::gossip_actor(caf::actor_config& config, caf::execution_unit* where,
                           const actor::environment& shared, const gossip_options& options,
                           transport::owned_fd udp, collaborators others)
    : actor::bound_actor(config, where),
      shared_(shared),
      options_(options),
      others_(std::move(others)),
      loop_(shared.engine.loop()),
      cluster_(wire::cluster_hash(shared.cluster)),
      keys_(shared, options, posting()),
      seal_(keys_.seal()),
      core_(core_options(options), shared.self, shared.name, shared.address, mix(shared.self.epoch.value),
            actor::now()),
      observed_(options.core.members_max),
      streams_(shared, seal_, cluster_, *this),
      seeds_(options.seeds, options.resolve, posting(),
             [this](const seed_list::resolution& outcome) { seeds_resolved(outcome); }) {
  if (options_.role == role::member)
    socket_ = std::make_unique<transport::datagram_socket>(
        loop_, std::move(udp),
        [this](std::span<const std::byte> packet, const endpoint& from) { receive(packet, from); });
  timer_ = std::make_unique<transport::timer>(loop_, [this] { ring(); });
}

gossip_actor::~gossip_actor() = default;

void gossip_actor::begin() {
  if (socket_) {
    keys_.announce();
    socket_->start();
  }
  timer_->start();
  if (options_.role == role::member) due_.set(deadline::look, actor::now() + look_period);
  if (!seeds_.empty()) resolve_seeds();
  settle(actor::now());
}

void gossip_actor::turn() {
  settle(actor::now());
  loop_.flush();
}

// --- Packets ---------------------------------------------------------------------------------------

void gossip_actor::receive(std::span<const std::byte> packet, const endpoint& from) {
  const auto now = actor::now();
  const auto opened = seal_.open(packet, from, now);
  if (!opened) {
    tell_rings();
    return meet_stranger(now);
  }
  auto what = wire::decode_packet(opened->packet, cluster_);
  if (!what) {
    const auto foreign = what.error().code == code::permission_denied;
    // Once: somebody who sends rubbish should not fill the log as well.
    if (++(foreign ? foreign_packets_ : bad_packets_) == 1)
      shared_.log->warn("ignored a packet from {}: {}", to_string(from), what.error().text);
    return;
  }
  const bool only_away = seal_.settle_rings(*opened, what->from, from, now);
  tell_rings();
  if (only_away) return;
  if (opened->whom == crypto::meant_for::earlier_life) {
    // Maybe a replay. Who pings an earlier life of this node hears of this one, and that is all.
    if (what->kind != membership::packet_kind::ping) return;
    what->updates.clear();
  }
  core_.receive(*what, from, now, actions_);
  settle(now);
}

void gossip_actor::send_packet(const membership::actions::send& what) {
  if (!socket_) return;
  auto sealed = seal_.seal(wire::encode(what.what, cluster_), what.what.receiver);
  if (!sealed.empty()) socket_->send(std::move(sealed), what.to);
}

/// After a split in which both parts changed keys, neither reads the other's packets. A stream tries every
/// key.
void gossip_actor::meet_stranger(time_point now) {
  const auto who = seal_.take_stranger();
  if (!who) return;
  const auto& known = core_.members();
  if (std::none_of(known.begin(), known.end(), [&](const auto& one) { return one.who->address == *who; }))
    return;
  actions_.syncs.push_back(*who);
  settle(now);
}

void gossip_actor::tell_rings() {
  if (!socket_) return;
  for (auto& ring : seal_.take_outgoing()) socket_->send(std::move(ring.packet), ring.to);
  socket_->flush();
}

void gossip_actor::settle(time_point now) {
  std::vector<membership::member> changes;
  // Syncs that cannot even begin are reported back, which may want more.
  while (!actions_.packets.empty() || !actions_.syncs.empty() || !actions_.events.empty() ||
         !actions_.notes.empty() || !actions_.stream_pings.empty()) {
    auto wanted = std::exchange(actions_, {});
    for (const auto& packet : wanted.packets) send_packet(packet);
    for (const auto& note : wanted.notes) shared_.log->warn("{}", note);
    for (const auto& event : wanted.events) {
      log_event(*shared_.log, event);
      history_.note(event, name_of(event.subject.accuser), now);
      if (event.kind != membership::event_kind::forgotten) changes.push_back(event.subject);
      if (others_.happened) others_.happened(event);
    }
    for (const auto& ping : wanted.stream_pings) streams_.ping(ping.who, ping.at);
    for (const auto& with : wanted.syncs) streams_.dial(with);
  }
  if (socket_) socket_->flush();
  if (!changes.empty()) others_.members_changed(std::move(changes));
  if (left_ && core_.leave_done()) std::exchange(left_, nullptr)();
  arm();
}

std::string gossip_actor::name_of(node_id who) const {
  const auto found = core_.find(who);
  return found ? found->name : std::string();
}

// --- Streams ---------------------------------------------------------------------------------------

void gossip_actor::exchange(std::uint64_t stream, std::vector<std::byte> message,
                            sync_streams::reply answer) {
  post([this, stream, message = std::move(message), answer = std::move(answer)] {
    streams_.serve(stream, message, answer);
  });
}

void gossip_actor::exchange_cut(std::uint64_t stream) {
  post([this, stream] { streams_.cut(stream); });
}

membership::sync_session gossip_actor::begin_sync(endpoint with, membership::sync_message& opening) {
  if (options_.role == role::observer) return observed_.begin(with, opening);
  return core_.begin_sync(with, opening);
}

result<membership::sync_session> gossip_actor::serve_sync() {
  if (options_.role == role::observer)
    return error{code::failed_precondition, "node " + shared_.name + " is an observer: ask a member"};
  return core_.serve_sync();
}

result<std::optional<membership::sync_message>> gossip_actor::receive_sync(
    membership::sync_session& session, const membership::sync_message& what) {
  const auto now = actor::now();
  if (options_.role == role::member) return core_.receive_sync(session, what, now, actions_);
  std::vector<membership::member> changed;
  auto answer = observed_.receive(session, what, now, changed);
  if (!changed.empty()) others_.members_changed(std::move(changed));
  return answer;
}

void gossip_actor::end_sync(membership::sync_session& session) {
  if (options_.role == role::member) core_.end_sync(session);
}

void gossip_actor::exchange_failed() {
  if (options_.role == role::member) core_.sync_failed();
}

membership::sync_message gossip_actor::ask_presence(identity who) { return core_.ask_presence(who); }

void gossip_actor::stream_answered(identity who) { core_.stream_answered(who, actor::now(), actions_); }

void gossip_actor::settle() { settle(actor::now()); }

// --- Observing -------------------------------------------------------------------------------------

void gossip_actor::observe_again(time_point now) {
  due_.set(deadline::observe, now + options_.periods.observe_period);
  // Seeds first, then everyone they named: an observer outlives its seed.
  auto candidates = seeds_.addresses();
  for (const auto& [id, who] : observed_.members())
    if (who.state == membership::state::alive &&
        std::find(candidates.begin(), candidates.end(), who.address) == candidates.end())
      candidates.push_back(who.address);
  if (!candidates.empty()) streams_.dial(candidates[next_seed_++ % candidates.size()]);
}

// --- Seeds -----------------------------------------------------------------------------------------

void gossip_actor::join(std::vector<std::string> seeds) {
  post([this, seeds = std::move(seeds)] {
    seeds_.add(seeds);
    greeting_ = true;
    resolve_seeds();
  });
}

void gossip_actor::resolve_seeds() {
  due_.clear(deadline::resolve);
  seeds_.resolve();
}

/// Names are looked up again for as long as there are any: their addresses change while nodes come and go,
/// and who is alone one day needs those of that day. Sooner while there is nobody to ask.
void gossip_actor::seeds_resolved(const seed_list::resolution& outcome) {
  const auto now = actor::now();
  for (const auto& problem : outcome.problems)
    if (problem != std::exchange(last_problem_, problem)) shared_.log->warn("{}", problem);
  if (seeds_.has_names())
    due_.set(deadline::resolve,
             now + (has_joined() ? options_.periods.resolve_period : options_.core.join_retry));
  // Who was told to join others while among some asks them as well: both parts learn of each other by that.
  if (std::exchange(greeting_, false) && options_.role == role::member)
    for (const auto& seed : outcome.found)
      if (seed != shared_.address) actions_.syncs.push_back(seed);
  if (options_.role == role::observer)
    observe_again(now);
  else if (!outcome.found.empty())
    core_.join(outcome.found, now, actions_);
  settle(now);
}

// --- This node -------------------------------------------------------------------------------------

void gossip_actor::publish(std::vector<membership::service_entry> services) {
  post([this, services = std::move(services)] {
    if (options_.role == role::member) core_.publish(services, shared_.zone, actor::now(), actions_);
  });
}

void gossip_actor::set_mode(membership::mode mode) {
  post([this, mode] {
    if (options_.role == role::member) core_.set_mode(mode, actor::now(), actions_);
  });
}

void gossip_actor::heard_from(std::vector<identity> peers) {
  post([this, peers = std::move(peers)] {
    const auto now = actor::now();
    for (const auto& peer : peers) core_.heard_from(peer, now);
  });
}

void gossip_actor::leave(std::function<void()> left) {
  post([this, left = std::move(left)]() mutable {
    if (options_.role == role::observer) return left();
    left_ = std::move(left);
    const auto now = actor::now();
    core_.leave(now, actions_);
    settle(now);
  });
}

/// The core knows of seeds only when their names have been resolved.
bool gossip_actor::has_joined() const {
  if (options_.role == role::observer) return observed_.made();
  return core_.joined() && (seeds_.empty() || !seeds_.addresses().empty());
}

void gossip_actor::history(std::uint64_t after, std::function<void(past)> take) {
  post([this, after, take = std::move(take)] { take({history_.after(after), history_.last()}); });
}

void gossip_actor::inspect(std::function<void(report)> take) {
  post([this, take = std::move(take)] {
    report now;
    if (options_.role == role::observer)
      for (const auto& [id, who] : observed_.members()) now.members.push_back(who);
    else
      core_.for_each([&](const membership::member& who) { now.members.push_back(who); });
    std::sort(now.members.begin(), now.members.end(),
              [](const auto& one, const auto& other) { return one.self.node < other.self.node; });
    now.joined = has_joined();
    const auto counted = core_.counted();
    now.counted = {{"gossip_pings", counted.pings},
                   {"gossip_acks", counted.acks},
                   {"gossip_indirect_pings", counted.indirect},
                   {"gossip_suspicions", counted.suspicions},
                   {"gossip_refutations", counted.refutations},
                   {"gossip_deaths", counted.deaths},
                   {"gossip_ignored_packets", counted.ignored_packets},
                   {"gossip_foreign_packets", foreign_packets_},
                   {"gossip_bad_packets", bad_packets_},
                   {"gossip_syncs", counted.syncs},
                   {"gossip_sync_bytes", counted.sync_bytes},
                   {"gossip_refused_syncs", counted.refused_syncs},
                   {"gossip_dropped_members", counted.dropped_members},
                   {"gossip_dropped_news", counted.dropped_news},
                   {"gossip_dropped_relays", counted.dropped_relays},
                   {"gossip_limited_accusations", counted.limited_accusations},
                   {"gossip_doubted_accusations", counted.doubted_accusations},
                   {"gossip_stalls", counted.stalls},
                   {"gossip_isolations", counted.isolations},
                   {"gossip_postponed_verdicts", counted.postponed_verdicts},
                   {"gossip_stream_pings", counted.stream_pings},
                   {"gossip_stream_rescues", counted.stream_rescues}};
    streams_.count(now.counted);
    seal_.count(now.counted);
    take(std::move(now));
  });
}

void gossip_actor::order_keys(std::vector<std::byte> order, std::function<void(result<std::string>)> take) {
  post([this, order = std::move(order), take = std::move(take)] { take(keys_.obey(order)); });
}

void gossip_actor::inspect_keys(std::function<void(key_desk::report)> take) {
  post([this, take = std::move(take)] { take(keys_.inspect()); });
}

void gossip_actor::stop(std::function<void()> ended) {
  post([this, ended = std::move(ended)] {
    commands()->close();
    streams_.close_all("the node is stopping");
    if (socket_) socket_->stop();
    timer_->stop();
    loop_.dispose(std::move(socket_));
    loop_.dispose(std::move(timer_));
    ended();
    quit(caf::exit_reason::user_shutdown);
  });
}

// --- Time ------------------------------------------------------------------------------------------

void gossip_actor::ring() {
  const auto now = actor::now();
  if (options_.role == role::member) core_.tick(now, actions_);
  streams_.tick(now);
  if (due_.due(deadline::look, now)) look_at_workers(now);
  keys_.look_at_age();
  if (due_.due(deadline::resolve, now)) resolve_seeds();
  if (due_.due(deadline::observe, now)) observe_again(now);
  settle(now);
}

/// How late this very look is tells how late the event loop is. Twice in a row: once, and a process that was
/// frozen would tell everybody what is over.
void gossip_actor::look_at_workers(time_point now) {
  const auto late = now - due_.at(deadline::look);
  const auto loop = std::min(late, std::exchange(loop_late_, late));
  due_.set(deadline::look, now + look_period);
  const auto before = lag_.now();
  const auto level = lag_.note(std::max(loop, shared_.engine.workers().look(now)), now);
  if (level == before) return;
  shared_.log->warn("the workers of this node are {}",
                    level == 0 ? "free again" : "busy: work waits for them");
  core_.set_worker_lag(level, now, actions_);
}

void gossip_actor::arm() {
  if (!timer_) return;
  auto next = std::min(due_.next(), streams_.next_deadline());
  if (options_.role == role::member) next = std::min(next, core_.next_deadline());
  timer_->ring_by(next);
}

}  // namespace troupe::gossip
