#include <algorithm>
#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/calling/egress.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/short_frame.hpp>

namespace troupe::calling {

namespace {

using when_full = transport::link::when_full;
using verdict = transport::keep_alive::verdict;

// How often links are looked at while there are any: bounds how late silence is noticed.
constexpr duration check_interval = 50ms;
// A check this late means that this process itself did not run: then nobody else is blamed for the silence.
constexpr duration own_stall = 200ms;
constexpr duration connect_within = 2s;

}  // namespace

// --- Nodes ---------------------------------------------------------------------------------------------

void egress::learn(const node_change& what, time_point now) {
  const auto id = what.view.self.node;
  auto& to = peers_[id];
  const auto moved = to.address != what.address;
  const auto gone = what.view.status == routing::node_status::gone;
  to.id = id;
  to.name = what.view.name;
  to.address = what.address;
  to.view = what.view;
  // The router first: a link that closes to a node it still counts on would be dialled again at once.
  told_.on_node_change(what.view, now);
  if (to.connection && (moved || gone))
    to.connection->close(gone ? "the node is gone" : "the node has moved");
  if (gone && !to.connection) peers_.erase(id);
}

egress::label egress::label_of(node_id node) const {
  if (node == shared_.self.node) return {shared_.name, "here"};
  const auto known = peers_.find(node);
  if (known == peers_.end()) return {to_hex(node.value), ""};
  return {known->second.name, to_string(known->second.address)};
}

// --- Links come and go ---------------------------------------------------------------------------------

void egress::dial(node_id to, time_point now) {
  const auto found = peers_.find(to);
  if (found == peers_.end()) return told_.on_link_down(to, "its address is not known", now);
  auto& other = found->second;
  if (other.connection) return;
  auto dialled = shared_.connector.dial(other.address, *this);
  if (!dialled) return told_.on_link_down(to, dialled.error().text, now);
  other.connection = std::move(*dialled);
  other.connection->tag = to.value;
  other.welcomed = false;
  other.dial_limit = now + connect_within;
  other.connection->start();
  next_check_ = std::min(next_check_, now + check_interval);
}

void egress::hang_up(node_id to, const std::string& why) {
  const auto found = peers_.find(to);
  if (found != peers_.end() && found->second.connection) found->second.connection->close(why);
}

std::optional<egress::open_link> egress::find(node_id to) {
  const auto found = peers_.find(to);
  if (found == peers_.end() || !found->second.welcomed || !found->second.connection) return std::nullopt;
  return open_link{found->second.connection.get(), found->second.features};
}

void egress::close_all(const std::string& why) {
  for (auto& [id, other] : peers_)
    if (other.connection) other.connection->close(why);
}

void egress::on_open(transport::link& which) {
  (void)which.send(wire::short_frame(shared_.introduction()), when_full::append);
}

void egress::on_closed(transport::link& which, const std::string& why) {
  auto& from = peers_.at(node_id{which.tag});
  const auto now = actor::now();
  shared_.log->debug("link to {} at {} closed: {}", from.name, to_string(from.address), why);
  shared_.engine.loop().dispose(std::move(from.connection));
  from.welcomed = false;
  from.dial_limit = never;
  told_.on_link_down(from.id, why, now);
  told_.on_told(now);
}

void egress::on_congestion(transport::link& which, congestion what) {
  told_.on_congestion(node_id{which.tag}, what, actor::now());
}

// --- Frames --------------------------------------------------------------------------------------------

void egress::on_frames(transport::link& which, std::vector<wire::frame>& frames) {
  auto& from = peers_.at(node_id{which.tag});
  const auto now = actor::now();
  from.pulse.heard(now);
  if (from.welcomed) told_.on_heard(from.id, now);
  for (auto& frame : frames) {
    if (const auto read = read_frame(from, std::move(frame), now); !read) {
      ++bad_frames_;
      which.close(read.error().text);
    }
    if (which.now() != transport::link::phase::open) break;
  }
  told_.on_told(now);
}

result<void> egress::read_frame(peer& from, wire::frame what, time_point now) {
  auto opened = wire::open(std::move(what), shared_.links.frames);
  if (!opened) return opened.error();
  const auto& message = **opened;
  const auto kind = message.kind();
  if (kind == wire::frame_kind::reply && from.welcomed) return told_.on_reply(std::move(*opened), now);
  if (kind == wire::frame_kind::pong) return {};  // hearing it was all
  if (!from.welcomed) return read_welcome(from, message, now), result<void>{};
  if (kind == wire::frame_kind::load_answer && from.features.has(wire::feature::load_queries))
    return read_load_answer(from, message, now);
  if (kind == wire::frame_kind::go_away) return read_go_away(from, message, now);
  return error{code::invalid_argument, "a frame that only the calling side may send"};
}

void egress::read_welcome(peer& from, const wire::message& answer, time_point now) {
  const auto said = wire::read_welcome(answer);
  const auto agreed = said ? wire::agree(*said, shared_.introduction()) : said.error();
  if (!agreed) return from.connection->close("refused: " + agreed.error().text);
  if (said->from.node != from.id)
    return from.connection->close("another node, " + said->name + ", answers at " + to_string(from.address));
  from.welcomed = true;
  from.life = said->from;
  from.features = *agreed;
  from.dial_limit = never;
  shared_.log->debug("link to {} at {} with {}", said->name, to_string(from.address), to_string(*agreed));
  from.pulse = transport::keep_alive(shared_.keep_alive, now);
  told_.on_link_up(from.id, from.features, now);
}

result<void> egress::read_load_answer(const peer& from, const wire::message& message, time_point now) {
  const auto said = wire::read_load_answer(message);
  if (!said) return said.error();
  told_.on_load(from.id, *said, now);
  return {};
}

result<void> egress::read_go_away(peer& from, const wire::message& message, time_point now) {
  const auto said = wire::read_go_away(message);
  if (!said) return said.error();
  shared_.log->info("node {} takes no more calls: {}", from.name, said->why);
  from.view.status = routing::node_status::draining;
  told_.on_node_change(from.view, now);
  return {};
}

// --- Who still answers ---------------------------------------------------------------------------------

void egress::check(time_point now) {
  const auto stalled = now - last_check_ > check_interval + own_stall;
  last_check_ = now;
  next_check_ = never;
  std::vector<std::pair<transport::link*, const char*>> dead;
  std::vector<identity> heard;
  for (auto& [id, other] : peers_) {
    if (!other.connection) continue;
    next_check_ = now + check_interval;
    if (!other.welcomed) {
      if (now >= other.dial_limit) dead.emplace_back(other.connection.get(), "it did not answer in time");
      continue;
    }
    if (note_life(other, stalled, now)) heard.push_back(other.life);
    if (const auto* why = check_pulse(other, now)) dead.emplace_back(other.connection.get(), why);
  }
  for (const auto& [connection, why] : dead) connection->close(why);
  if (heard_ && !heard.empty()) heard_(std::move(heard));
}

bool egress::note_life(peer& other, bool stalled, time_point now) {
  // A long message in the middle of its transfer, in either direction, is a sign of life as well. What the
  // kernel takes at once is none: it would take it for a frozen peer too.
  const auto received = other.connection->received_bytes();
  const auto sent = other.connection->sent_bytes();
  const auto uploading = other.connection->queued_bytes() > 0 && sent != other.sent_bytes;
  const auto spoke = received != other.received_bytes;
  if (stalled || uploading || spoke) other.pulse.heard(now);
  other.received_bytes = received;
  other.sent_bytes = sent;
  return spoke && !stalled;
}

const char* egress::check_pulse(peer& other, time_point now) {
  switch (other.pulse.check(now)) {
    case verdict::ping:
      (void)other.connection->send(wire::short_frame(wire::ping{to_micros(now.time_since_epoch())}),
                                   when_full::append);
      return nullptr;
    case verdict::fell_silent:
      ++fell_silent_;
      shared_.log->warn("node {} at {} does not answer: calls go elsewhere", other.name,
                        to_string(other.address));
      told_.on_silence(other.id, now);
      return nullptr;
    case verdict::dead:
      return "it has been silent for too long";
    case verdict::fine:
    case verdict::silent:
      return nullptr;
  }
  return nullptr;
}

// --- What is told of it --------------------------------------------------------------------------------

void egress::tell(std::vector<actor::link_report>& links, actor::counters& counted) const {
  for (const auto& [id, other] : peers_) {
    if (!other.connection) continue;
    const auto* state = !other.welcomed ? "connecting" : other.pulse.silent() ? "silent" : "open";
    links.push_back(actor::report_of(*other.connection, other.name, to_string(other.address), state));
  }
  counted.insert(counted.end(),
                 {{"answers_not_understood", bad_frames_}, {"peers_fell_silent", fell_silent_}});
}

}  // namespace troupe::calling
