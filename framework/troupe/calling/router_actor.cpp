#include <algorithm>
#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/base/hash.hpp>
#include <troupe/calling/router_actor.hpp>
#include <troupe/routing/attempt_text.hpp>
#include <troupe/wire/call.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/signals.hpp>

namespace troupe::calling {

namespace {

// How often links are looked at while there are any: bounds how late silence is noticed.
constexpr duration check_interval = std::chrono::milliseconds(50);
// A check this late means that this process itself did not run: then nobody else is blamed for the silence.
constexpr duration own_stall = std::chrono::milliseconds(200);
constexpr duration connect_within = std::chrono::seconds(2);

// "No limit" as people write it, duration::max(), must not overflow when it is added to a time.
duration bounded(duration wait) {
  return std::clamp<duration>(wait, duration::zero(), std::chrono::hours(24));
}

call_error stopped_failure(const outgoing_call& call) {
  return call.failure(code::unavailable, "this node has stopped");
}

retry::fate fate_of(wire::ending how) {
  switch (how) {
    case wire::ending::refused:
      return retry::fate::refused;
    case wire::ending::bounced:
      return retry::fate::bounced;
    case wire::ending::executed:
      return retry::fate::answered;
  }
  return retry::fate::answered;
}

std::string outcome_of(std::span<const routing::attempt_record> history, std::size_t attempt,
                       rpc::safety declared) {
  const auto& it = history[attempt];
  const auto* next = attempt + 1 < history.size() ? &history[attempt + 1] : nullptr;
  auto text = routing::outcome_text(it);
  if (it.fate != retry::fate::answered) text += " -> " + routing::sequel_text(it, next, declared);
  return text;
}

}  // namespace

// --- The door --------------------------------------------------------------------------------------

void router_port::submit(call_ptr call) {
  call->started = actor::now();
  call->deadline = std::min(call->started + bounded(call->traits.timeout), call->not_after);
  item wrapped = std::move(call);
  if (inbox_.put(wrapped)) return;
  auto& refused = std::get<call_ptr>(wrapped);
  refused->fail(stopped_failure(*refused));
  // There is no event loop any more to run a continuation on; and run here, one that makes the next call
  // whatever became of the last would never come back.
  if (!refused->home) refused->done = nullptr;
  outgoing_call::finish(std::move(refused));
}

void router_port::after(duration wait, std::shared_ptr<actor::turn_queue> home, std::function<void()> what) {
  item wrapped = later{actor::now() + bounded(wait), std::move(home), std::move(what)};
  (void)inbox_.put(wrapped);
}

void router_port::local_answer(wire::frame answer) {
  item wrapped = std::move(answer);
  (void)inbox_.put(wrapped);
}

// --- The actor -------------------------------------------------------------------------------------

router_actor::router_actor(caf::actor_config& config, caf::execution_unit* where,
                           const actor::environment& shared, const routing::options& options,
                           std::shared_ptr<router_port> port)
    : actor::bound_actor(config, where),
      shared_(shared),
      loop_(shared.engine.loop()),
      port_(std::move(port)),
      core_(options, shared.self.node, shared.zone, mix(shared.self.node.value ^ shared.self.epoch.value),
            actor::now()) {
  port_->loop_thread_ = loop_.backend().thread_id();
  timer_ = std::make_unique<transport::timer>(loop_, [this] { ring(); });
}

router_actor::~router_actor() = default;

void router_actor::begin() {
  timer_->start();
  port_->inbox_.open(waker());
}

void router_actor::turn() {
  port_->inbox_.take(taken_);
  const auto now = actor::now();
  for (auto& item : taken_) {
    if (auto* call = std::get_if<call_ptr>(&item))
      begin_call(std::move(*call), now);
    else if (auto* answer = std::get_if<wire::frame>(&item))
      bad_frames_ += read_frame(nullptr, std::move(*answer), now) ? 0 : 1;
    else
      later_.push(std::move(std::get<router_port::later>(item)));
  }
  taken_.clear();
  arm();
  loop_.flush();
}

void router_actor::begin_call(call_ptr call, time_point now) {
  auto& spec = *call;
  if (!spec.metadata.empty()) spec.envelope().set_metadata(spec.metadata);
  // No replica would read it: each would close the link, with everybody's calls on it.
  if (const auto words = wire::message_words(spec.envelope().message());
      words > shared_.links.frames.words_max) {
    spec.fail(spec.failure(code::resource_exhausted, "the parameters take " + std::to_string(words) +
                                                         " words, over the limit of " +
                                                         std::to_string(shared_.links.frames.words_max)));
    return bring_home(std::move(call));
  }
  routing::call_spec asked{.service = core_.intern(spec.service),
                           .method = spec.ordinal,
                           .traits = spec.traits,
                           .deadline = spec.deadline,
                           .affinity = spec.affinity,
                           .only = spec.only,
                           .method_name = spec.method};
  if (!spec.policy.empty()) core_.declare_policy(asked.service, spec.policy);
  const auto before = actions_.size();
  const auto id = core_.begin(asked, now, actions_);
  const auto slot = routing::router::slot_of(id);
  if (slot >= calls_.size()) calls_.resize(slot + 1);
  // Slot 0 is shared by calls that the core turned away: each is finished before the next begins.
  calls_[slot] = std::move(call);
  if (actions_.size() > before) settle(now);
}

// --- What the core wants done ----------------------------------------------------------------------

void router_actor::settle(time_point now) {
  if (settling_) return;
  settling_ = true;
  while (finished_ < actions_.size() || performed_ < actions_.size()) {
    // A call's history is readable only until the core is called again: finished ones go first.
    if (finished_ < actions_.size()) {
      auto& next = actions_[finished_++];
      if (auto* what = std::get_if<routing::finish>(&next)) {
        auto ended = std::move(*what);
        perform(ended, now);
      }
      continue;
    }
    const auto next = actions_[performed_++];
    if (const auto* sent = std::get_if<routing::transmit>(&next))
      perform(*sent, now);
    else if (const auto* withdrawn = std::get_if<routing::withdraw>(&next))
      perform(*withdrawn);
    else if (const auto* dialled = std::get_if<routing::dial>(&next))
      perform(*dialled, now);
    else if (const auto* let_go = std::get_if<routing::hang_up>(&next))
      perform(*let_go);
    else if (const auto* probed = std::get_if<routing::probe>(&next))
      perform(*probed);
  }
  actions_.clear();
  performed_ = finished_ = 0;
  settling_ = false;
}

void router_actor::perform(const routing::transmit& what, time_point now) {
  const auto& held = calls_[routing::router::slot_of(what.call)];
  // A link that broke while an earlier action was performed may have ended this call already.
  if (!held) return;
  auto& call = *held;
  if (what.to == shared_.self.node) {
    stamp(call, what, shared_.features);
    auto frame = wire::copy_to_frame(call.envelope().message());
    if (!local_requests_ || !local_requests_->put(frame))
      core_.unsent(what.attempt, "this node is stopping", now, actions_);
    return;
  }
  const auto found = peers_.find(what.to);
  if (found == peers_.end() || !found->second.welcomed || !found->second.connection)
    return core_.unsent(what.attempt, "no link", now, actions_);
  stamp(call, what, found->second.features);
  switch (found->second.connection->send(call.envelope().message(), transport::link::when_full::refuse)) {
    case transport::link::sent::yes:
      return;
    case transport::link::sent::full:
      return core_.unsent(what.attempt, "the link is full: the node does not keep up", now, actions_);
    case transport::link::sent::closed:
      return core_.unsent(what.attempt, "the link has just closed", now, actions_);
  }
}

void router_actor::stamp(outgoing_call& call, const routing::transmit& what, wire::feature_set spoken) const {
  if (!call.trace) {
    call.trace.high = mix(shared_.self.node.value ^ shared_.self.epoch.value);
    call.trace.low = mix(what.call.value);
  }
  call.trace.span = mix(what.attempt.value ^ shared_.self.epoch.value);
  call.envelope().stamp({.attempt = what.attempt,
                         .call = what.call,
                         .number = what.number,
                         .criticality = call.traits.criticality_or_normal(),
                         .bounce_at = spoken.has(wire::feature::bouncing) ? what.bounce_at : 0,
                         .remaining = what.remaining},
                        call.trace);
}

void router_actor::perform(const routing::withdraw& what) {
  wire::short_frame cancel(wire::cancel{what.attempt});
  if (what.to == shared_.self.node) {
    auto frame = wire::copy_to_frame(cancel);
    if (local_requests_) (void)local_requests_->put(frame);
    return;
  }
  const auto found = peers_.find(what.to);
  if (found == peers_.end() || !found->second.welcomed) return;
  (void)found->second.connection->send(cancel, transport::link::when_full::refuse);
}

void router_actor::perform(const routing::dial& what, time_point now) {
  const auto found = peers_.find(what.to);
  if (found == peers_.end()) return core_.link_down(what.to, "its address is not known", now, actions_);
  auto& to = found->second;
  if (to.connection) return;
  auto dialled = shared_.connector.dial(to.address, *this);
  if (!dialled) return core_.link_down(what.to, dialled.error().text, now, actions_);
  to.connection = std::move(*dialled);
  to.connection->tag = to.id.value;
  to.welcomed = false;
  to.dial_limit = now + connect_within;
  to.connection->start();
  next_check_ = std::min(next_check_, now + check_interval);
}

void router_actor::perform(const routing::hang_up& what) {
  const auto found = peers_.find(what.to);
  if (found != peers_.end() && found->second.connection) found->second.connection->close("not needed now");
}

// Nobody waits for its answer: where it cannot be sent now, there will be another one.
void router_actor::perform(const routing::probe& what) {
  const auto found = peers_.find(what.to);
  if (found == peers_.end() || !found->second.welcomed || !found->second.connection) return;
  (void)found->second.connection->send(wire::short_frame(wire::load_query{core_.name_of(what.service)}),
                                       transport::link::when_full::refuse);
}

void router_actor::perform(routing::finish& what, time_point now) {
  auto call = std::move(calls_[routing::router::slot_of(what.call)]);
  // An answer wins also where it is the handler's error: to the core it is the application's own business.
  const bool declined = what.winner && answer_problem_;
  if (declined) {
    what.failure = *std::exchange(answer_problem_, std::nullopt);
    what.advice = answer_advice_;
  }
  if (what.winner && !declined)
    call->succeed(std::move(answer_));
  else
    call->fail(failure_of(*call, what, now));
  bring_home(std::move(call));
}

void router_actor::bring_home(call_ptr call) {
  const auto service = call->service;
  const auto method = call->method;
  const auto names = call->names;
  try {
    outgoing_call::finish(std::move(call));
  } catch (const std::exception& problem) {
    // A user's continuation, on this thread: its exception must not end the node's router.
    shared_.log->error("the continuation of a call to {}.{} threw: {}", service, method, problem.what());
  } catch (...) {
    shared_.log->error("the continuation of a call to {}.{} threw something that is no exception", service,
                       method);
  }
}

call_error router_actor::failure_of(const outgoing_call& call, routing::finish& what, time_point now) {
  auto problem = call.failure(what.failure.code, std::move(what.failure.text));
  problem.took = now - call.started;
  problem.allowed = call.deadline - call.started;
  problem.advice = what.advice;
  if (what.call) problem.call = call_name(shared_.self, what.call);
  const auto history = core_.history(what.call);
  for (std::size_t i = 0; i < history.size(); ++i) {
    const auto& attempt = history[i];
    const auto known = peers_.find(attempt.node);
    call_attempt shown;
    shown.node = attempt.node == shared_.self.node ? shared_.name
                 : known != peers_.end()           ? known->second.name
                                                   : to_hex(attempt.node.value);
    shown.address = attempt.node == shared_.self.node ? "here"
                    : known != peers_.end()           ? to_string(known->second.address)
                                                      : "";
    shown.score = attempt.score;
    shown.took = (attempt.ended == attempt.started ? now : attempt.ended) - attempt.started;
    shown.outcome = outcome_of(history, i, call.traits.safety);
    problem.attempts.push_back(std::move(shown));
  }
  return problem;
}

// --- Links -----------------------------------------------------------------------------------------

void router_actor::on_open(transport::link& which) {
  (void)which.send(wire::short_frame(shared_.introduction()), transport::link::when_full::append);
}

void router_actor::on_frames(transport::link& which, std::vector<wire::frame>& frames) {
  auto& from = peers_.at(node_id{which.tag});
  const auto now = actor::now();
  from.pulse.heard(now);
  if (from.welcomed) core_.heard_from(from.id, now);
  for (auto& frame : frames) {
    if (const auto read = read_frame(&from, std::move(frame), now); !read) {
      ++bad_frames_;
      which.close(read.error().text);
    }
    if (which.now() != transport::link::phase::open) break;
  }
  arm();
}

result<void> router_actor::read_frame(peer* from, wire::frame what, time_point now) {
  auto opened = wire::open(std::move(what), shared_.links.frames);
  if (!opened) return opened.error();
  const auto& message = **opened;
  const auto kind = message.kind();
  if (kind == wire::frame_kind::reply && (from == nullptr || from->welcomed))
    return read_reply(std::move(*opened), now);
  if (from == nullptr || kind == wire::frame_kind::pong) return {};  // hearing it was all
  if (!from->welcomed) return read_welcome(*from, message, now), result<void>{};
  if (kind == wire::frame_kind::load_answer && from->features.has(wire::feature::load_queries))
    return read_load_answer(*from, message, now);
  if (kind == wire::frame_kind::go_away) return read_go_away(*from, message, now);
  return error{code::invalid_argument, "a frame that only the calling side may send"};
}

void router_actor::read_welcome(peer& from, const wire::message& answer, time_point now) {
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
  const bool answers = from.features.has(wire::feature::load_queries);
  core_.link_up(from.id, now, actions_, answers ? routing::probes::answered : routing::probes::ignored);
  settle(now);
}

result<void> router_actor::read_reply(wire::message_ptr message, time_point now) {
  const auto said = wire::read_reply(*message);
  if (!said) return said.error();
  routing::answer what;
  what.load = &said->load;
  if (const auto& failed = said->failed) {
    what.fate = fate_of(failed->how);
    what.code = failed->code;
    what.text = failed->text;
    what.advice = answer_advice_ = failed->advice;
    if (what.fate == retry::fate::answered) answer_problem_ = error{what.code, std::string(what.text)};
  }
  answer_ = std::move(message);
  core_.answered(said->attempt, what, now, actions_);
  settle(now);
  answer_.reset();
  answer_problem_.reset();
  return {};
}

result<void> router_actor::read_load_answer(const peer& from, const wire::message& message, time_point now) {
  const auto said = wire::read_load_answer(message);
  if (!said) return said.error();
  if (const auto service = core_.find_service(said->service))
    core_.load_told(from.id, *service, said->load, now);
  return {};
}

result<void> router_actor::read_go_away(peer& from, const wire::message& message, time_point now) {
  const auto said = wire::read_go_away(message);
  if (!said) return said.error();
  shared_.log->info("node {} takes no more calls: {}", from.name, said->why);
  from.view.status = routing::node_status::draining;
  core_.node_changed(from.view, now, actions_);
  settle(now);
  return {};
}

void router_actor::on_closed(transport::link& which, const std::string& why) {
  auto& from = peers_.at(node_id{which.tag});
  const auto now = actor::now();
  shared_.log->debug("link to {} at {} closed: {}", from.name, to_string(from.address), why);
  loop_.dispose(std::move(from.connection));
  from.welcomed = false;
  from.dial_limit = never;
  core_.link_down(from.id, why, now, actions_);
  settle(now);
  arm();
}

void router_actor::on_congestion(transport::link& which, congestion what) {
  const auto now = actor::now();
  core_.link_congested(
      node_id{which.tag},
      what == congestion::begins ? routing::router::congested::yes : routing::router::congested::no, now,
      actions_);
  settle(now);
}

void router_actor::check_links(time_point now) {
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
    // A long message in the middle of its transfer, in either direction, is a sign of life as well. What the
    // kernel takes at once is none: it would take it for a frozen peer too.
    const auto received = other.connection->received_bytes();
    const auto sent = other.connection->sent_bytes();
    const auto uploading = other.connection->queued_bytes() > 0 && sent != other.sent_bytes;
    if (stalled || uploading || received != other.received_bytes) other.pulse.heard(now);
    if (received != other.received_bytes && !stalled) heard.push_back(other.life);
    other.received_bytes = received;
    other.sent_bytes = sent;
    switch (other.pulse.check(now)) {
      case transport::keep_alive::verdict::ping:
        (void)other.connection->send(wire::short_frame(wire::ping{to_micros(now.time_since_epoch())}),
                                     transport::link::when_full::append);
        break;
      case transport::keep_alive::verdict::fell_silent:
        ++fell_silent_;
        shared_.log->warn("node {} at {} does not answer: calls go elsewhere", other.name,
                          to_string(other.address));
        core_.fell_silent(id, now, actions_);
        break;
      case transport::keep_alive::verdict::dead:
        dead.emplace_back(other.connection.get(), "it has been silent for too long");
        break;
      case transport::keep_alive::verdict::fine:
      case transport::keep_alive::verdict::silent:
        break;
    }
  }
  for (const auto& [connection, why] : dead) connection->close(why);
  if (heard_ && !heard.empty()) heard_(std::move(heard));
  settle(now);
}

// --- Membership ------------------------------------------------------------------------------------

void router_actor::serve_locally(std::shared_ptr<actor::inbox<wire::frame>> requests) {
  std::function<void()> command = [this, requests = std::move(requests)] { local_requests_ = requests; };
  (void)commands()->put(command);
}

void router_actor::report_life(std::function<void(std::vector<identity>)> heard) {
  std::function<void()> command = [this, heard = std::move(heard)] { heard_ = heard; };
  (void)commands()->put(command);
}

void router_actor::nodes_changed(std::vector<node_change> changes) {
  std::function<void()> command = [this, changes = std::move(changes)] {
    const auto now = actor::now();
    for (const auto& what : changes) {
      change(what, now);
      settle(now);
    }
  };
  (void)commands()->put(command);
}

void router_actor::change(const node_change& what, time_point now) {
  const auto id = what.view.self.node;
  if (id == shared_.self.node) return core_.node_changed(what.view, now, actions_);
  auto& to = peers_[id];
  const auto moved = to.address != what.address;
  const auto gone = what.view.status == routing::node_status::gone;
  to.id = id;
  to.name = what.view.name;
  to.address = what.address;
  to.view = what.view;
  // The core first: a link that closes to a node it still counts on would be dialled again at once.
  core_.node_changed(what.view, now, actions_);
  if (to.connection && (moved || gone))
    to.connection->close(gone ? "the node is gone" : "the node has moved");
  if (gone && !to.connection) peers_.erase(id);
}

void router_actor::inspect(std::function<void(report)> take) {
  std::function<void()> command = [this, take = std::move(take)] {
    report now;
    for (const auto& [id, other] : peers_) {
      if (!other.connection) continue;
      const auto* state = !other.welcomed ? "connecting" : other.pulse.silent() ? "silent" : "open";
      now.links.push_back(actor::report_of(*other.connection, other.name, to_string(other.address), state));
    }
    const auto& counted = core_.counted();
    now.counted = {{"calls", counted.calls},
                   {"attempts", counted.attempts},
                   {"failovers", counted.failovers},
                   {"backups", counted.backups},
                   {"hedges", counted.hedges},
                   {"calls_throttled", counted.throttled},
                   {"calls_failed", counted.failed},
                   {"retry_budget_refusals", counted.budget_refusals},
                   {"bounced", counted.bounced},
                   {"probes", counted.probes},
                   {"probes_answered", counted.probes_answered},
                   {"answers_not_understood", bad_frames_},
                   {"peers_fell_silent", fell_silent_}};
    take(std::move(now));
  };
  (void)commands()->put(command);
}

// --- Time and the end ------------------------------------------------------------------------------

void router_actor::ring() {
  const auto now = actor::now();
  core_.tick(now, actions_);
  settle(now);
  if (now >= next_check_) check_links(now);
  while (!later_.empty() && later_.top().due <= now) {
    auto due = later_.top();
    later_.pop();
    if (due.home)
      due.home->post(std::move(due.what));
    else
      due.what();
  }
  arm();
}

void router_actor::arm() {
  if (!timer_) return;
  auto next = std::min(core_.next_deadline(), next_check_);
  if (!later_.empty()) next = std::min(next, later_.top().due);
  timer_->ring_by(next);
}

void router_actor::stop(std::function<void()> ended) {
  std::function<void()> command = [this, ended = std::move(ended)] {
    const auto now = actor::now();
    turn();
    // Answers of the core to what happens from here on are of no use to anybody.
    settling_ = true;
    for (auto& call : calls_) {
      if (!call) continue;
      routing::finish what{{}, {}, {code::cancelled, "this node is stopping"}};
      call->fail(failure_of(*call, what, now));
      bring_home(std::exchange(call, nullptr));
    }
    for (auto& left : port_->inbox_.close()) {
      auto* call = std::get_if<call_ptr>(&left);
      if (call == nullptr) continue;
      (*call)->fail(stopped_failure(**call));
      bring_home(std::move(*call));
    }
    for (auto& [id, other] : peers_)
      if (other.connection) other.connection->close("the node is stopping");
    timer_->stop();
    loop_.dispose(std::move(timer_));
    ended();
    quit(caf::exit_reason::user_shutdown);
  };
  (void)commands()->put(command);
}

}  // namespace troupe::calling
