#include <algorithm>
#include <thread>
#include <utility>

#include <capnp/serialize.h>

#include <troupe/base/hash.hpp>
#include <troupe/runtime/clock.hpp>
#include <troupe/runtime/gossip_actor.hpp>
#include <troupe/runtime/handshake.hpp>
#include <troupe/wire/gossip.hpp>
#include <troupe/wire/guarded.hpp>

namespace troupe::runtime {

namespace {

constexpr duration exchange_within = std::chrono::seconds(3);
constexpr std::size_t exchanges_max = 8;

routing::node_view view_of(const membership::member& who) {
  routing::node_view view;
  view.self = who.self;
  view.name = who.name;
  view.address = to_string(who.address);
  view.zone = who.document.zone;
  // Only what is certain excludes a node: a wrong suspicion must be cheap.
  const auto gone = who.state == membership::state::dead || who.state == membership::state::left;
  view.status = gone                                     ? routing::node_status::gone
                : who.mode == membership::mode::draining ? routing::node_status::draining
                                                         : routing::node_status::serving;
  view.suspected = who.state == membership::state::suspect;
  for (const auto& service : who.document.services) view.services.push_back({service.name, service.weight});
  return view;
}

}  // namespace

gossip_actor::gossip_actor(caf::actor_config& config, caf::execution_unit* where, const environment& shared,
                           const gossip_options& options, transport::owned_fd udp, collaborators others)
    : bound_actor(config, where),
      shared_(shared),
      options_(options),
      others_(std::move(others)),
      loop_(shared.engine.loop()),
      cluster_(wire::cluster_hash(shared.cluster)),
      core_(options.core, shared.self, shared.name, shared.address, mix(shared.self.epoch.value),
            runtime::now()) {
  if (options_.role == role::member)
    socket_ = std::make_unique<transport::datagram_socket>(
        loop_, std::move(udp),
        [this](std::span<const std::byte> packet, const endpoint& from) { receive(packet, from); });
  timer_ = std::make_unique<transport::timer>(loop_, [this] { ring(); });
}

gossip_actor::~gossip_actor() = default;

void gossip_actor::begin() {
  if (socket_) socket_->start();
  timer_->start();
  if (!options_.seeds.empty()) resolve_seeds();
  settle(runtime::now());
}

void gossip_actor::turn() {
  settle(runtime::now());
  loop_.flush();
}

// --- Packets ---------------------------------------------------------------------------------------

void gossip_actor::receive(std::span<const std::byte> packet, const endpoint& from) {
  const auto what = wire::decode_packet(packet, cluster_);
  if (!what) {
    const auto foreign = what.error().code == code::permission_denied;
    // Once: somebody who sends rubbish should not fill the log as well.
    if (++(foreign ? foreign_packets_ : bad_packets_) == 1)
      shared_.log->warn("ignored a packet from {}: {}", to_string(from), what.error().text);
    return;
  }
  const auto now = runtime::now();
  core_.receive(*what, from, now, actions_);
  settle(now);
}

void gossip_actor::settle(time_point now) {
  std::vector<node_change> changes;
  // Exchanges that cannot even begin are reported back, which may want more.
  while (!actions_.packets.empty() || !actions_.exchanges.empty() || !actions_.events.empty() ||
         !actions_.notes.empty()) {
    auto wanted = std::exchange(actions_, {});
    for (const auto& packet : wanted.packets)
      if (socket_) (void)socket_->send(wire::encode(packet.what, cluster_), packet.to);
    for (const auto& note : wanted.notes) shared_.log->warn("{}", note);
    for (const auto& event : wanted.events) {
      note(event);
      if (event.kind != membership::event_kind::forgotten)
        changes.push_back({view_of(event.subject), event.subject.address});
      if (others_.happened) others_.happened(event);
    }
    for (const auto& with : wanted.exchanges) begin_exchange(with, now);
  }
  if (!changes.empty()) others_.nodes_changed(std::move(changes));
  arm();
}

void gossip_actor::note(const membership::event& what) {
  const auto& who = what.subject;
  const auto where = to_string(who.address);
  switch (what.kind) {
    case membership::event_kind::joined:
      return shared_.log->info("node {} at {} has joined", who.name, where);
    case membership::event_kind::changed:
      return shared_.log->debug("node {} at {} is {}, with {} services", who.name, where, to_string(who.mode),
                                who.document.services.size());
    case membership::event_kind::suspected:
      return shared_.log->warn("node {} at {} is suspected", who.name, where);
    case membership::event_kind::refuted:
      return shared_.log->info("node {} at {} is alive after all", who.name, where);
    case membership::event_kind::died:
      return shared_.log->warn("node {} at {} is dead", who.name, where);
    case membership::event_kind::left:
      return shared_.log->info("node {} at {} has left", who.name, where);
    case membership::event_kind::forgotten:
      return shared_.log->debug("node {} at {} is forgotten", who.name, where);
  }
}

// --- Streams ---------------------------------------------------------------------------------------

std::vector<std::byte> gossip_actor::own_snapshot() const {
  if (options_.role == role::observer) return wire::encode(membership::snapshot{}, cluster_);
  return wire::encode(core_.make_snapshot(), cluster_);
}

void gossip_actor::begin_exchange(endpoint with, time_point now) {
  auto connecting = exchanges_.size() < exchanges_max
                        ? transport::begin_connect(with)
                        : result<transport::owned_fd>(code::resource_exhausted, "too many exchanges at once");
  if (!connecting) {
    ++failed_exchanges_;
    return core_.exchange_failed(with, now, actions_);
  }
  const auto number = ++last_exchange_;
  auto& on = exchanges_[number];
  on.with = with;
  on.limit = now + exchange_within;
  on.connection = std::make_unique<transport::link>(loop_, std::move(*connecting),
                                                    transport::link::phase::dialling, *this, shared_.links);
  on.connection->tag = number;
  on.connection->start();
}

void gossip_actor::on_open(transport::link& which) { send_hello(which, shared_); }

void gossip_actor::on_frames(transport::link& which, std::vector<wire::frame>& frames) {
  auto& on = exchanges_.at(which.tag);
  for (const auto& frame : frames) {
    const auto read = wire::guarded("a frame that is no message", [&] { read_frame(which, on, frame); });
    if (!read) which.close(read.error().text);
    if (which.now() != transport::link::phase::open) return;
  }
}

void gossip_actor::read_frame(transport::link& which, exchange_link& on, const wire::frame& what) {
  capnp::FlatArrayMessageReader reader(kj::arrayPtr(what.words.data(), what.words.size()),
                                       wire::reader_options(what, shared_.links.frames));
  const auto root = reader.getRoot<wire::idl::Frame>();
  if (!on.welcomed) {
    const auto said = read_welcome(root);
    if (!said) {
      shared_.log->error("{} refused this node: {}", to_string(on.with), said.error().text);
      return which.close("it refused this node");
    }
    on.welcomed = true;
    const auto bytes = own_snapshot();
    capnp::MallocMessageBuilder message(static_cast<capnp::uint>(bytes.size() / 8 + 16));
    message.initRoot<wire::idl::Frame>().setExchange(
        kj::arrayPtr(reinterpret_cast<const kj::byte*>(bytes.data()), bytes.size()));
    (void)which.send(message, transport::link::when_full::append);
    return;
  }
  if (!root.isExchange()) return;
  const auto bytes = root.getExchange();
  on.done = true;
  take_snapshot({reinterpret_cast<const std::byte*>(bytes.begin()), bytes.size()}, runtime::now());
  which.close("the exchange is done");
}

void gossip_actor::on_closed(transport::link& which, const std::string& why) {
  auto on = exchanges_.extract(which.tag);
  auto& ended = on.mapped();
  loop_.dispose(std::move(ended.connection));
  if (ended.done) return;
  ++failed_exchanges_;
  shared_.log->debug("the exchange with {} failed: {}", to_string(ended.with), why);
  const auto now = runtime::now();
  core_.exchange_failed(ended.with, now, actions_);
  settle(now);
}

void gossip_actor::take_snapshot(std::span<const std::byte> bytes, time_point now) {
  const auto what = wire::decode_snapshot(bytes, cluster_);
  if (!what) {
    ++bad_packets_;
    shared_.log->warn("ignored a snapshot: {}", what.error().text);
    return;
  }
  if (options_.role == role::observer)
    observe(*what, now);
  else
    core_.merge(*what, now, actions_);
  settle(now);
}

void gossip_actor::exchange(std::vector<std::byte> snapshot,
                            std::function<void(std::vector<std::byte>)> answer) {
  std::function<void()> command = [this, snapshot = std::move(snapshot), answer = std::move(answer)] {
    answer(own_snapshot());
    const auto what = wire::decode_snapshot(snapshot, cluster_);
    // An observer's snapshot is nobody's: there is nothing to learn from it.
    if (what && !what->from.node) return;
    take_snapshot(snapshot, runtime::now());
  };
  (void)commands()->put(command);
}

// --- Observing -------------------------------------------------------------------------------------

void gossip_actor::observe(const membership::snapshot& seen, time_point now) {
  std::vector<node_change> changes;
  for (const auto& what : seen.members) {
    auto& known = observed_[what.subject.node];
    if (known.since == time_point{} || known.state != what.state) known.since = now;
    known.self = what.subject;
    known.incarnation = what.incarnation;
    known.state = what.state;
    known.mode = what.mode;
    known.name = what.name;
    known.address = what.address;
    known.accuser = what.accuser;
    if (what.document) known.document = *what.document;
    changes.push_back({view_of(known), known.address});
  }
  observed_once_ = true;
  if (!changes.empty()) others_.nodes_changed(std::move(changes));
}

void gossip_actor::observe_again(time_point now) {
  next_observation_ = now + options_.observe_period;
  // Seeds first, then everyone they named: an observer outlives its seed.
  std::vector<endpoint> candidates = seeds_;
  for (const auto& [id, who] : observed_)
    if (who.state == membership::state::alive &&
        std::find(candidates.begin(), candidates.end(), who.address) == candidates.end())
      candidates.push_back(who.address);
  if (!candidates.empty()) begin_exchange(candidates[next_seed_++ % candidates.size()], now);
}

// --- Seeds -----------------------------------------------------------------------------------------

void gossip_actor::join(std::vector<std::string> seeds) {
  std::function<void()> command = [this, seeds = std::move(seeds)] {
    options_.seeds.insert(options_.seeds.end(), seeds.begin(), seeds.end());
    resolve_seeds();
  };
  (void)commands()->put(command);
}

void gossip_actor::resolve_seeds() {
  next_resolve_ = never;
  std::vector<endpoint> found;
  std::vector<std::string> names;
  for (const auto& seed : options_.seeds) {
    if (const auto where = parse_endpoint(seed))
      found.push_back(*where);
    else
      names.push_back(seed);
  }
  if (names.empty()) return seeds_resolved(std::move(found), {});
  // Looking a name up blocks, for as long as its servers please: a thread of its own, which owns nothing of
  // this actor but its door.
  std::thread([door = commands(), names = std::move(names), found = std::move(found), this]() mutable {
    std::vector<std::string> problems;
    for (const auto& name : names) {
      const auto addresses = transport::resolve(name);
      if (addresses)
        found.insert(found.end(), addresses->begin(), addresses->end());
      else
        problems.push_back(addresses.error().text);
    }
    std::function<void()> command = [this, found = std::move(found), problems = std::move(problems)] {
      next_resolve_ = runtime::now() + options_.resolve_period;
      seeds_resolved(found, problems);
    };
    (void)door->put(command);
  }).detach();
}

void gossip_actor::seeds_resolved(std::vector<endpoint> found, std::vector<std::string> problems) {
  const auto now = runtime::now();
  for (const auto& problem : problems) shared_.log->warn("{}", problem);
  if (found.empty() && !problems.empty())
    next_resolve_ = std::min(next_resolve_, now + options_.core.join_retry);
  seeds_ = found;
  if (options_.role == role::observer)
    observe_again(now);
  else if (!found.empty())
    core_.join(std::move(found), now, actions_);
  settle(now);
}

// --- This node -------------------------------------------------------------------------------------

void gossip_actor::publish(std::vector<membership::service_entry> services) {
  std::function<void()> command = [this, services = std::move(services)] {
    if (options_.role == role::member) core_.publish(services, shared_.zone, runtime::now(), actions_);
  };
  (void)commands()->put(command);
}

void gossip_actor::set_mode(membership::mode mode) {
  std::function<void()> command = [this, mode] {
    if (options_.role == role::member) core_.set_mode(mode, runtime::now(), actions_);
  };
  (void)commands()->put(command);
}

void gossip_actor::leave(std::function<void()> left) {
  std::function<void()> command = [this, left = std::move(left)] {
    if (options_.role == role::member) core_.leave(runtime::now(), actions_);
    settle(runtime::now());
    left();
  };
  (void)commands()->put(command);
}

void gossip_actor::inspect(std::function<void(report)> take) {
  std::function<void()> command = [this, take = std::move(take)] {
    report now;
    const auto& members = options_.role == role::observer ? observed_ : core_.members();
    for (const auto& [id, who] : members) now.members.push_back(who);
    now.joined = options_.role == role::observer ? observed_once_ : core_.joined();
    const auto& counted = core_.counted();
    now.counted = {{"gossip_pings", counted.pings},
                   {"gossip_acks", counted.acks},
                   {"gossip_indirect_pings", counted.indirect},
                   {"gossip_suspicions", counted.suspicions},
                   {"gossip_refutations", counted.refutations},
                   {"gossip_deaths", counted.deaths},
                   {"gossip_ignored_packets", counted.ignored_packets},
                   {"gossip_foreign_packets", foreign_packets_},
                   {"gossip_bad_packets", bad_packets_},
                   {"gossip_failed_exchanges", failed_exchanges_},
                   {"gossip_dropped_members", counted.dropped_members}};
    take(std::move(now));
  };
  (void)commands()->put(command);
}

void gossip_actor::stop(std::function<void()> ended) {
  std::function<void()> command = [this, ended = std::move(ended)] {
    commands()->close();
    std::vector<transport::link*> open;
    for (auto& [number, on] : exchanges_) {
      on.done = true;
      open.push_back(on.connection.get());
    }
    for (auto* connection : open) connection->close("the node is stopping");
    if (socket_) socket_->stop();
    timer_->stop();
    loop_.dispose(std::move(socket_));
    loop_.dispose(std::move(timer_));
    ended();
    quit(caf::exit_reason::user_shutdown);
  };
  (void)commands()->put(command);
}

// --- Time ------------------------------------------------------------------------------------------

void gossip_actor::ring() {
  const auto now = runtime::now();
  if (options_.role == role::member) core_.tick(now, actions_);
  std::vector<transport::link*> overdue;
  for (auto& [number, on] : exchanges_)
    if (now >= on.limit) overdue.push_back(on.connection.get());
  for (auto* connection : overdue) connection->close("it took too long");
  if (now >= next_resolve_) resolve_seeds();
  if (now >= next_observation_) observe_again(now);
  settle(now);
}

void gossip_actor::arm() {
  if (!timer_) return;
  auto next = std::min(next_resolve_, next_observation_);
  if (options_.role == role::member) next = std::min(next, core_.next_deadline());
  for (const auto& [number, on] : exchanges_) next = std::min(next, on.limit);
  timer_->ring_by(next);
}

}  // namespace troupe::runtime
