#include <algorithm>
#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/gossip/sync_streams.hpp>
#include <troupe/wire/gossip.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/signals.hpp>

namespace troupe::gossip {

namespace {

constexpr duration welcome_within = std::chrono::seconds(3);
constexpr duration sync_within = std::chrono::seconds(10);
constexpr duration ping_within = std::chrono::seconds(1);
constexpr std::size_t syncs_max = 8;
constexpr std::size_t pings_max = 16;
constexpr std::size_t served_max = 1024;

}  // namespace

sync_streams::sync_streams(const actor::environment& shared, crypto::gossip_seal& seal, std::uint64_t cluster,
                           party& whose)
    : shared_(shared), seal_(seal), cluster_(cluster), party_(whose), loop_(shared.engine.loop()) {}

// --- Dialled ---------------------------------------------------------------------------------------

void sync_streams::dial(endpoint with) {
  // A seed that does not answer is asked again every second: it must not take all the places.
  const auto asked = [&](const auto& entry) {
    return !entry.second.pinged.node && !entry.second.welcomed && entry.second.with == with;
  };
  if (std::none_of(dialled_.begin(), dialled_.end(), asked)) begin(with, {}, welcome_within);
}

void sync_streams::ping(identity who, endpoint at) { begin(at, who, ping_within); }

void sync_streams::begin(endpoint with, identity pinged, duration within) {
  const bool is_ping = static_cast<bool>(pinged.node);
  const bool full = is_ping ? pings_ >= pings_max : dialled_.size() - pings_ >= syncs_max;
  auto connecting = full ? result<std::unique_ptr<transport::link>>(code::resource_exhausted,
                                                                    "too many of its kind are under way")
                         : shared_.connector.dial(with, *this);
  if (!connecting) {
    ++(is_ping ? counted_.failed_pings : counted_.failed);
    shared_.log->debug("no stream to {}: {}", to_string(with), connecting.error().text);
    if (!is_ping) party_.exchange_failed();
    return;
  }
  const auto number = ++last_number_;
  auto& on = dialled_[number];
  pings_ += is_ping ? 1 : 0;
  on.with = with;
  on.pinged = pinged;
  on.limit = actor::now() + within;
  on.connection = std::move(*connecting);
  on.connection->tag = number;
  on.connection->start();
}

void sync_streams::on_open(transport::link& which) {
  (void)which.send(wire::short_frame(shared_.introduction()), transport::link::when_full::append);
}

void sync_streams::on_frames(transport::link& which, std::vector<wire::frame>& frames) {
  auto& on = dialled_.at(which.tag);
  for (auto& frame : frames) {
    if (const auto read = read_frame(on, std::move(frame)); !read) which.close(read.error().text);
    if (which.now() != transport::link::phase::open) break;
  }
  party_.settle();
}

result<void> sync_streams::read_frame(dialled& on, wire::frame what) {
  const auto opened = wire::open(std::move(what), shared_.links.frames);
  if (!opened) return opened.error();
  const auto& message = **opened;
  if (!on.welcomed) return read_welcome(on, message), result<void>{};
  if (message.kind() != wire::frame_kind::exchange) return {};
  const auto said = wire::read_exchange(message);
  if (!said) return said.error();
  take(on, said->message);
  return {};
}

void sync_streams::read_welcome(dialled& on, const wire::message& answer) {
  const auto said = wire::read_welcome(answer);
  const auto agreed = said ? wire::agree(*said, shared_.introduction()) : said.error();
  if (!agreed) {
    shared_.log->error("{} refused this node: {}", to_string(on.with), agreed.error().text);
    return on.connection->close("it refused this node");
  }
  on.welcomed = true;
  on.sealed = seal_.dial(said->from);
  if (on.pinged.node) {
    if (said->from != on.pinged) return on.connection->close("another process answers there");
    if (!agreed->has(wire::feature::presence)) return on.connection->close("it proves no presence");
    (void)send(on, party_.ask_presence(on.pinged));
    return;
  }
  on.limit = actor::now() + sync_within;
  membership::sync_message opening;
  on.session.emplace(party_.begin_sync(on.with, opening));
  (void)send(on, opening);
}

bool sync_streams::send(dialled& on, const membership::sync_message& what) {
  const auto bytes = seal_.seal(on.sealed, wire::encode(what, cluster_));
  auto& connection = *on.connection;  // outlives its record
  if (bytes.empty()) {
    connection.close("there is no key to seal it with");
    return false;
  }
  (void)connection.send(wire::exchange_frame(bytes), transport::link::when_full::append);
  return connection.now() == transport::link::phase::open;
}

result<membership::sync_message> sync_streams::open(crypto::gossip_seal::stream& sealed,
                                                    std::span<const std::byte> bytes,
                                                    std::vector<std::byte>& last_words) {
  const auto opened = seal_.open(sealed, bytes, last_words);
  if (!opened) return opened.error();
  auto what = wire::decode_sync(*opened, cluster_);
  const bool proves =
      what && (what->kind == membership::sync_kind::ping || what->kind == membership::sync_kind::pong);
  if (proves && !shared_.features.has(wire::feature::presence))
    return error{code::unimplemented, "this node neither asks for presence nor proves it"};
  return what;
}

void sync_streams::take(dialled& on, std::span<const std::byte> bytes) {
  std::vector<std::byte> last_words;
  const auto what = open(on.sealed, bytes, last_words);
  if (!what) {
    ++counted_.bad_messages;
    return on.connection->close(what.error().text);
  }
  if (on.pinged.node) {
    on.done = what->kind == membership::sync_kind::pong && what->from == on.pinged;
    if (on.done) party_.stream_answered(on.pinged);
    return on.connection->close(on.done ? "it is there" : "another process answers there");
  }
  const auto answer = party_.receive_sync(*on.session, *what);
  if (!answer) {
    ++counted_.bad_messages;
    return on.connection->close(answer.error().text);
  }
  if (*answer && !send(on, **answer)) return;
  if (!on.session->done()) return;
  on.done = !on.session->refused();
  on.connection->close(on.done ? "the sync is done" : "it is busy with other syncs");
}

void sync_streams::on_closed(transport::link& which, const std::string& why) {
  auto node = dialled_.extract(which.tag);
  auto& ended = node.mapped();
  const bool is_ping = static_cast<bool>(ended.pinged.node);
  pings_ -= is_ping ? 1 : 0;
  loop_.dispose(std::move(ended.connection));
  const bool other_key = seal_.ended(ended.sealed);
  if (!ended.done) {
    ++(is_ping ? counted_.failed_pings : counted_.failed);
    shared_.log->debug("the {} with {} failed: {}", is_ping ? "stream ping" : "sync", to_string(ended.with),
                       why);
  }
  if (ended.session)
    party_.end_sync(*ended.session);
  else if (!is_ping && !ended.done)
    party_.exchange_failed();
  if (other_key && !is_ping) dial(ended.with);
  party_.settle();
}

// --- Served ----------------------------------------------------------------------------------------

void sync_streams::serve(std::uint64_t stream, std::span<const std::byte> message, const reply& say) {
  if (!served_.contains(stream) && served_.size() >= served_max) {
    ++counted_.turned_away;
    return say({}, std::to_string(served_max) + " syncs are under way here, and there may be no more");
  }
  auto& on = served_[stream];
  if (!on.session) {
    auto session = party_.serve_sync();
    if (!session) {
      served_.erase(stream);
      return say({}, session.error().text);
    }
    on.session.emplace(std::move(*session));
    on.sealed = seal_.serve();
    on.limit = actor::now() + sync_within;
  }
  std::vector<std::byte> last_words;
  const auto what = open(on.sealed, message, last_words);
  auto next = what ? party_.receive_sync(*on.session, *what)
                   : result<std::optional<membership::sync_message>>(what.error());
  if (!next) {
    ++counted_.bad_messages;
    say(std::move(last_words), next.error().text);
  } else if (*next) {
    auto bytes = seal_.seal(on.sealed, wire::encode(**next, cluster_));
    say(std::move(bytes), {});
  }
  party_.settle();
}

void sync_streams::end(served& on) {
  if (on.session) party_.end_sync(*on.session);
}

void sync_streams::cut(std::uint64_t stream) {
  auto node = served_.extract(stream);
  if (!node) return;
  end(node.mapped());
  party_.settle();
}

// --- Ends ------------------------------------------------------------------------------------------

void sync_streams::tick(time_point now) {
  std::vector<transport::link*> overdue;
  for (auto& [number, on] : dialled_)
    if (now >= on.limit) overdue.push_back(on.connection.get());
  for (auto* connection : overdue) connection->close("it took too long");
  for (auto next = served_.begin(); next != served_.end();) {
    const auto entry = next++;
    if (now < entry->second.limit) continue;
    end(entry->second);
    served_.erase(entry);
  }
}

time_point sync_streams::next_deadline() const {
  auto next = never;
  for (const auto& [number, on] : dialled_) next = std::min(next, on.limit);
  for (const auto& [number, on] : served_) next = std::min(next, on.limit);
  return next;
}

void sync_streams::close_all(const std::string& why) {
  std::vector<transport::link*> open;
  for (auto& [number, on] : dialled_) open.push_back(on.connection.get());
  for (auto* connection : open) connection->close(why);
}

void sync_streams::count(event_counts& into) const {
  into.insert(into.end(), {{"gossip_broken_syncs", counted_.bad_messages},
                           {"gossip_turned_away_syncs", counted_.turned_away},
                           {"gossip_failed_exchanges", counted_.failed},
                           {"gossip_failed_stream_pings", counted_.failed_pings}});
}

}  // namespace troupe::gossip
