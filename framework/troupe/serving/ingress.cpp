#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/serving/ingress.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/signals.hpp>

namespace troupe::serving {

using when_full = transport::link::when_full;

ingress::ingress(const actor::environment& shared, const server_options& options,
                 transport::owned_fd listening, const service_table& services, request_desk& desk,
                 collaborators others)
    : shared_(shared),
      options_(options),
      services_(services),
      desk_(desk),
      others_(std::move(others)),
      loop_(shared.engine.loop()),
      local_requests_(std::make_shared<actor::inbox<wire::frame>>()) {
  local_.node = std::make_shared<const sender>(sender{shared.self, shared.name});
  local_.features = shared.features;
  listener_ = std::make_unique<transport::listener>(
      loop_, std::move(listening),
      [this](transport::owned_fd fd, endpoint from) { accept(std::move(fd), from); },
      [this] {
        ++counted_.turned_away;
        shared_.log->error(
            "a connection was turned away: this process has no file descriptors left (ulimit -n)");
      });
}

// --- Links come and go ---------------------------------------------------------------------------------

void ingress::start(std::function<void()> wake) {
  local_requests_->open(std::move(wake));
  listener_->start();
}

void ingress::stop_accepting() {
  accepting_ = false;
  listener_->stop();
}

void ingress::close(const std::string& why) {
  local_requests_->close();
  std::vector<transport::link*> open;
  for (auto& [number, peer] : links_) open.push_back(peer.connection.get());
  for (auto* connection : open) connection->close(why);
  loop_.dispose(std::move(listener_));
}

void ingress::accept(transport::owned_fd fd, endpoint from) {
  ++counted_.accepted;
  if (links_.size() >= options_.links_max || !accepting_) {
    ++counted_.turned_away;
    return;
  }
  const auto number = ++last_link_;
  auto& peer = links_[number];
  peer.connection = shared_.connector.adopt(std::move(fd), from, *this);
  peer.connection->tag = number;
  peer.who.connection = peer.connection.get();
  peer.from = from;
  peer.accepted = peer.heard = actor::now();
  peer.connection->start();
}

void ingress::on_closed(transport::link& which, const std::string& why) {
  ++counted_.closed;
  auto node = links_.extract(which.tag);
  auto& peer = node.mapped();
  peer.who.cut();
  if (peer.sync != inbound::sync::none) others_.exchange_cut(which.tag);
  if (accepting_)
    shared_.log->debug("link from {} at {} closed: {}", peer.who.node ? peer.who.node->name : "somebody",
                       to_string(peer.from), why);
  loop_.dispose(std::move(peer.connection));
}

void ingress::on_congestion(transport::link& which, congestion what) {
  // A caller that does not read its answers is not read from either.
  if (what == congestion::begins)
    which.pause_reading();
  else
    which.resume_reading();
}

void ingress::close_overdue(time_point now) {
  std::vector<std::pair<transport::link*, const char*>> overdue;
  for (auto& [number, peer] : links_) {
    // A long message in the middle of its transfer is a sign of life as well.
    if (const auto bytes = peer.connection->received_bytes(); bytes != peer.seen_bytes) {
      peer.seen_bytes = bytes;
      peer.heard = now;
    }
    if (peer.who.node == nullptr && now - peer.accepted > options_.hello_within)
      overdue.emplace_back(peer.connection.get(), "it did not say hello in time");
    else if (now - peer.heard > options_.idle_max)
      overdue.emplace_back(peer.connection.get(), "nothing was heard from it, not even a ping");
  }
  for (const auto& [connection, why] : overdue) connection->close(why);
}

void ingress::say_go_away(const std::string& why) {
  for (auto& [number, peer] : links_)
    if (peer.who.node != nullptr)
      peer.connection->send(wire::short_frame(wire::go_away{why}), when_full::append);
}

// --- Frames --------------------------------------------------------------------------------------------

void ingress::on_frames(transport::link& which, std::vector<wire::frame>& frames) {
  const auto number = which.tag;
  auto& peer = links_.at(number);
  peer.heard = actor::now();
  for (auto& frame : frames) {
    const auto read = read_frame(number, peer, std::move(frame), peer.heard);
    if (!read) {
      ++counted_.bad_frames;
      which.close(read.error().text);
    }
    if (which.now() != transport::link::phase::open) return;
  }
}

result<void> ingress::read_frame(link_number number, inbound& peer, wire::frame what, time_point now) {
  auto opened = wire::open<incoming_request>(std::move(what), shared_.links.frames, now);
  if (!opened) return opened.error();
  const auto& message = (*opened)->message();
  if (peer.who.node == nullptr) return read_hello(number, peer, message);
  switch (message.kind()) {
    case wire::frame_kind::request:
      take_request(std::move(*opened), peer.who);
      return {};
    case wire::frame_kind::cancel:
      peer.who.cancel(wire::read_cancel(message).attempt);
      return {};
    case wire::frame_kind::ping:
      peer.connection->send(wire::short_frame(wire::pong{wire::read_ping(message).number}),
                            when_full::append);
      return {};
    case wire::frame_kind::load_query:
      return tell_load(peer, message, now);
    case wire::frame_kind::exchange:
      return read_exchange(number, peer, message);
    default:
      return error{code::invalid_argument, "a frame that only the accepting side may send"};
  }
}

result<void> ingress::read_hello(link_number number, inbound& peer, const wire::message& message) {
  if (message.kind() != wire::frame_kind::hello || message.bytes() > wire::hello_bytes_max)
    return error{code::invalid_argument, "the peer did not begin with a hello"};
  const auto hello = wire::read_hello(message);
  if (!hello) return hello.error();
  const auto own = shared_.introduction();
  auto& connection = *peer.connection;  // outlives its record, which goes away where sending closes it
  const auto agreed = wire::agree(*hello, own);
  if (!agreed) {
    ++counted_.refused_hellos;
    shared_.log->warn("refused a hello from {}: {}", to_string(peer.from), agreed.error().text);
    connection.send(wire::short_frame(wire::refusal{agreed.error()}), when_full::append);
    connection.close("its hello was refused");
    return {};
  }
  peer.who.node = std::make_shared<const sender>(sender{hello->from, hello->name});
  peer.who.features = *agreed;
  shared_.log->debug("link {} from {} at {} with {}", number, hello->name, to_string(peer.from),
                     to_string(*agreed));
  connection.send(wire::short_frame(wire::welcome_of(own)), when_full::append);
  return {};
}

void ingress::read_local(time_point now) {
  local_requests_->take(local_frames_);
  for (auto& frame : local_frames_) {
    auto opened = wire::open<incoming_request>(std::move(frame), shared_.links.frames, now);
    if (!opened)
      shared_.log->error("a local request: {}", opened.error().text);
    else if ((*opened)->message().kind() == wire::frame_kind::cancel)
      local_.cancel(wire::read_cancel((*opened)->message()).attempt);
    else
      take_request(std::move(*opened), local_);
  }
  local_frames_.clear();
}

void ingress::take_request(std::unique_ptr<incoming_request> request, caller& from) {
  auto* const service = find_service(services_, request->method().service);
  desk_.take(std::move(request), from, service);
}

// One short frame for one short frame, so asking makes nobody's work multiply. An answer that the link has no
// room for is of no use to a caller that does not read: it is dropped.
result<void> ingress::tell_load(inbound& peer, const wire::message& message, time_point now) {
  if (!peer.who.features.has(wire::feature::load_queries))
    return error{code::invalid_argument, "a load query on a link without load_queries"};
  const auto query = wire::read_load_query(message);
  if (!query) return query.error();
  ++counted_.load_queries;
  const auto* const asked = find_service(services_, query->service);
  if (asked == nullptr || asked->core.life().now() != admission::lifecycle::phase::serving) return {};
  peer.connection->send(
      wire::short_frame(wire::load_answer{asked->spec.name, desk_.load_of(*asked, peer.who, now)}),
      when_full::refuse);
  return {};
}

result<void> ingress::read_exchange(link_number number, inbound& peer, const wire::message& message) {
  const auto said = wire::read_exchange(message);
  if (!said) return said.error();
  // In turns: what is asked for is short, the answer may be long.
  const auto before = std::exchange(peer.sync, inbound::sync::answering);
  if (before == inbound::sync::answering)
    return error{code::invalid_argument, "a sync's message before the answer to the one before"};
  counted_.exchanges += before == inbound::sync::none ? 1 : 0;
  others_.exchange(number, {said->message.begin(), said->message.end()},
                   [this, number](const std::vector<std::byte>& answer, const std::string& why) {
                     answer_exchange(number, answer, why);
                   });
  return {};
}

void ingress::answer_exchange(link_number number, const std::vector<std::byte>& answer,
                              const std::string& why) {
  const auto found = links_.find(number);
  if (found == links_.end()) return;
  found->second.sync = inbound::sync::idle;
  auto& connection = *found->second.connection;  // outlives its record
  if (!answer.empty()) connection.send(wire::exchange_frame(answer), when_full::append);
  if (why.empty() || connection.now() != transport::link::phase::open) return;
  ++counted_.bad_frames;
  connection.close(why);
}

// --- What is told of it --------------------------------------------------------------------------------

void ingress::tell(std::vector<actor::link_report>& links, actor::counters& counted) const {
  for (const auto& [number, peer] : links_)
    links.push_back(actor::report_of(*peer.connection, peer.who.node ? peer.who.node->name : "",
                                     to_string(peer.from), peer.who.node ? "open" : "not introduced"));
  counted.insert(counted.end(), {{"links_accepted", counted_.accepted},
                                 {"links_turned_away", counted_.turned_away},
                                 {"hellos_refused", counted_.refused_hellos},
                                 {"bad_frames", counted_.bad_frames},
                                 {"links_closed", counted_.closed},
                                 {"exchanges_answered", counted_.exchanges},
                                 {"load_queries", counted_.load_queries}});
}

}  // namespace troupe::serving
