#include <algorithm>
#include <optional>
#include <utility>

#include <caf/actor_system.hpp>
#include <capnp/serialize.h>

#include <troupe/actor/clock.hpp>
#include <troupe/serving/server.hpp>
#include <troupe/serving/service_actor.hpp>
#include <troupe/wire/guarded.hpp>

namespace troupe::serving {

namespace {

constexpr duration check_interval = std::chrono::seconds(1);
// A service that lived this long before it died starts its backoff anew.
constexpr duration lived_well = std::chrono::seconds(10);
// What a hello may cost before anything is known of its sender.
constexpr std::size_t hello_bytes_max = 4096;
// The link of a request whose link is gone.
constexpr link_number gone = ~link_number{0};

std::string_view view(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

}  // namespace

server::server(caf::actor_config& config, caf::execution_unit* where, const actor::environment& shared,
               const server_options& options, transport::owned_fd listening, collaborators others)
    : actor::bound_actor(config, where),
      shared_(shared),
      options_(options),
      others_(std::move(others)),
      loop_(shared.engine.loop()),
      random_(shared.self.node.value ^ shared.self.epoch.value),
      outbox_(std::make_shared<outbox>()),
      local_requests_(std::make_shared<actor::inbox<wire::frame>>()) {
  local_.caller = shared.self;
  local_.name = std::make_shared<const std::string>(shared.name);
  listener_ = std::make_unique<transport::listener>(
      loop_, std::move(listening),
      [this](transport::owned_fd fd, endpoint from) { accept(std::move(fd), from); },
      [this] {
        ++counted_.turned_away;
        shared_.log->error(
            "a connection was turned away: this process has no file descriptors left (ulimit -n)");
      });
  timer_ = std::make_unique<transport::timer>(loop_, [this] { ring(); });
}

server::~server() = default;

void server::begin() {
  set_down_handler(
      [this](caf::scheduled_actor*, caf::down_msg& what) { service_ended(what.source, what.reason); });
  outbox_->open(waker(), [this](std::unique_ptr<incoming_request> request) {
    answer(std::move(request));
    note_idle();
  });
  local_requests_->open(waker());
  listener_->start();
  timer_->start();
  next_check_ = actor::now() + check_interval;
  arm();
}

void server::turn() {
  local_requests_->take(local_frames_);
  const auto now = actor::now();
  for (auto& frame : local_frames_) {
    const auto read = wire::guarded("a local request", [&] {
      auto said = std::make_unique<incoming_request>(std::move(frame), shared_.links.frames, now);
      const auto root = said->root();
      if (root.isCancel()) return cancel(local_, attempt_id{root.getCancel()});
      admit(0, local_, std::move(said));
    });
    if (!read) shared_.log->error("{}", read.error().text);
  }
  local_frames_.clear();
  outbox_->take(answered_);
  for (auto& request : answered_) answer(std::move(request));
  answered_.clear();
  note_idle();
  loop_.flush();
}

void server::note_idle() {
  if (phase_ == phase::draining && idle_ && in_flight() == 0) std::exchange(idle_, nullptr)(0);
}

// --- Links -----------------------------------------------------------------------------------------

void server::accept(transport::owned_fd fd, endpoint from) {
  ++counted_.accepted;
  if (links_.size() >= options_.links_max || phase_ == phase::stopping) {
    ++counted_.turned_away;
    return;
  }
  const auto number = ++last_link_;
  auto& peer = links_[number];
  peer.connection = shared_.connector.adopt(std::move(fd), from, *this);
  peer.connection->tag = number;
  peer.from = from;
  peer.accepted = peer.heard = actor::now();
  peer.connection->start();
}

void server::on_frames(transport::link& which, std::vector<wire::frame>& frames) {
  const auto number = which.tag;
  auto& peer = links_.at(number);
  peer.heard = actor::now();
  for (auto& frame : frames) {
    const auto read = wire::guarded("a frame that is no message",
                                    [&] { read_frame(number, peer, std::move(frame), peer.heard); });
    if (!read) {
      ++counted_.bad_frames;
      which.close(read.error().text);
    }
    if (which.now() != transport::link::phase::open) return;
  }
}

void server::read_frame(link_number number, inbound& peer, wire::frame what, time_point now) {
  const auto bytes = what.words.size_bytes();
  auto read = std::make_unique<incoming_request>(std::move(what), shared_.links.frames, now);
  const auto root = read->root();
  const auto kind = root.which();
  if (peer.name == nullptr) {
    if (kind == wire::idl::Frame::HELLO && bytes <= hello_bytes_max)
      return greet(number, peer, root.getHello());
    ++counted_.bad_frames;
    return peer.connection->close("the peer did not begin with a hello");
  }
  switch (kind) {
    case wire::idl::Frame::REQUEST:
      return admit(number, peer, std::move(read));
    case wire::idl::Frame::CANCEL:
      return cancel(peer, attempt_id{root.getCancel()});
    case wire::idl::Frame::PING: {
      capnp::MallocMessageBuilder message(8);
      message.initRoot<wire::idl::Frame>().setPong(root.getPing());
      peer.connection->send(message, transport::link::when_full::append);
      return;
    }
    case wire::idl::Frame::LOAD_QUERY:
      return tell_load(peer, view(root.getLoadQuery().getService()), now);
    case wire::idl::Frame::EXCHANGE: {
      // In turns: what is asked for is short, the answer may be long.
      const auto before = std::exchange(peer.sync, inbound::sync::answering);
      if (before == inbound::sync::answering) {
        ++counted_.bad_frames;
        return peer.connection->close("a sync's message before the answer to the one before");
      }
      counted_.exchanges += before == inbound::sync::none ? 1 : 0;
      const auto message = root.getExchange();
      const auto* first = reinterpret_cast<const std::byte*>(message.begin());
      return answer_exchange(number, {first, first + message.size()});
    }
    default:
      ++counted_.bad_frames;
      peer.connection->close("a frame that only the accepting side may send");
  }
}

void server::greet(link_number number, inbound& peer, wire::idl::Hello::Reader hello) {
  error problem{code::ok, ""};
  if (hello.getVersion() != wire::idl::PROTOCOL_VERSION)
    problem = {code::failed_precondition, "node " + shared_.name + " speaks protocol version " +
                                              std::to_string(wire::idl::PROTOCOL_VERSION) +
                                              ", the caller version " + std::to_string(hello.getVersion()) +
                                              ": run the same release on both"};
  else if (view(hello.getCluster()) != shared_.cluster)
    problem = {code::permission_denied, "node " + shared_.name + " belongs to cluster '" + shared_.cluster +
                                            "', the caller to '" + std::string(view(hello.getCluster())) +
                                            "': check the address, or the cluster's name"};
  capnp::MallocMessageBuilder message(64);
  auto frame = message.initRoot<wire::idl::Frame>();
  if (problem.code != code::ok) {
    ++counted_.refused_hellos;
    shared_.log->warn("refused a hello from {}: {}", to_string(peer.from), problem.text);
    auto refusal = frame.initRefusal();
    refusal.setCode(static_cast<std::uint16_t>(problem.code));
    refusal.setText(problem.text);
    // The link outlives its record, which goes away where sending closes it.
    auto& connection = *peer.connection;
    connection.send(message, transport::link::when_full::append);
    return connection.close("its hello was refused");
  }
  peer.caller = {node_id{hello.getFrom().getNode()}, epoch{hello.getFrom().getEpoch()}};
  peer.name = std::make_shared<const std::string>(view(hello.getName()));
  auto welcome = frame.initWelcome();
  welcome.setVersion(wire::idl::PROTOCOL_VERSION);
  welcome.setName(shared_.name);
  welcome.getFrom().setNode(shared_.self.node.value);
  welcome.getFrom().setEpoch(shared_.self.epoch.value);
  peer.connection->send(message, transport::link::when_full::append);
  shared_.log->debug("link {} from {} at {}", number, *peer.name, to_string(peer.from));
}

// One short frame for one short frame, so asking makes nobody's work multiply. An answer that the link has no
// room for is of no use to a caller that does not read.
void server::tell_load(inbound& peer, std::string_view service, time_point now) {
  ++counted_.load_queries;
  const auto found = services_.find(service);
  if (found == services_.end()) return;
  auto& asked = *found->second;
  if (asked.ready || asked.now != hosted_service::phase::serving) return;
  capnp::MallocMessageBuilder message(32);
  auto answer = message.initRoot<wire::idl::Frame>().initLoadAnswer();
  answer.setService(asked.spec.name);
  asked.write_load(answer.initLoad(), peer.in_flight_of(&asked), hosted_service::refusing::no,
                   phase_ != phase::serving, now);
  peer.connection->send(message, transport::link::when_full::refuse);
}

void server::answer_exchange(link_number number, std::vector<std::byte> bytes) {
  others_.exchange(number, std::move(bytes), [this, number](std::vector<std::byte> answer, std::string why) {
    const auto found = links_.find(number);
    if (found == links_.end()) return;
    found->second.sync = inbound::sync::idle;
    auto& connection = *found->second.connection;  // outlives its record
    if (!answer.empty()) {
      capnp::MallocMessageBuilder message(static_cast<capnp::uint>(answer.size() / 8 + 16));
      message.initRoot<wire::idl::Frame>().setExchange(
          kj::arrayPtr(reinterpret_cast<const kj::byte*>(answer.data()), answer.size()));
      connection.send(message, transport::link::when_full::append);
    }
    if (why.empty() || connection.now() != transport::link::phase::open) return;
    ++counted_.bad_frames;
    connection.close(why);
  });
}

void server::on_closed(transport::link& which, const std::string& why) {
  ++counted_.closed;
  auto node = links_.extract(which.tag);
  auto& peer = node.mapped();
  for (auto* request = peer.under_way; request != nullptr;) {
    auto* const next = request->next_;
    request->cancelled_.store(true, std::memory_order_relaxed);
    request->link_ = gone;
    request->previous_ = request->next_ = nullptr;
    request = next;
  }
  if (peer.sync != inbound::sync::none) others_.exchange_cut(which.tag);
  if (phase_ != phase::stopping)
    shared_.log->debug("link from {} at {} closed: {}", peer.name ? *peer.name : "somebody",
                       to_string(peer.from), why);
  loop_.dispose(std::move(peer.connection));
}

void server::on_congestion(transport::link& which, congestion what) {
  // A caller that does not read its answers is not read from either.
  if (what == congestion::begins)
    which.pause_reading();
  else
    which.resume_reading();
}

// --- Requests --------------------------------------------------------------------------------------

void server::admit(link_number number, inbound& peer, std::unique_ptr<incoming_request> request) {
  // Before the request is in the link's list: this throws where the name cannot be read.
  const auto found = services_.find(view(request->request().getService()));
  request->link_ = number;
  request->caller_ = peer.caller;
  request->caller_name_ = peer.name;
  request->next_ = peer.under_way;
  if (peer.under_way != nullptr) peer.under_way->previous_ = request.get();
  peer.under_way = request.get();
  if (found == services_.end())
    return refuse(std::move(request), code::unavailable, "node " + shared_.name + " does not serve it");
  place(std::move(request), found->second.get());
}

void server::place(std::unique_ptr<incoming_request> request, hosted_service* service) {
  const auto bytes = request->message_.bytes();
  request->service_ = service;
  if (phase_ != phase::serving)
    return ++service->refused, refuse(std::move(request), code::unavailable, "draining");
  // Also what keeps the record alive: a service that cannot be constructed is forgotten, with no request
  // left.
  if (service->ready)
    return ++service->refused, refuse(std::move(request), code::unavailable, "the service is being started");
  if (service->now != hosted_service::phase::serving)
    return ++service->refused,
           refuse(std::move(request), code::unavailable, "the service is being restarted");
  if (service->bounces(request->bounce_at())) return ++service->bounced, bounce(std::move(request));
  if (service->ask(request->criticality(), request->kind()) == hosted_service::room::no ||
      request_bytes_ + bytes > options_.request_bytes_max)
    return ++service->refused, turn_away(std::move(request));
  request->admitted_ = true;
  request->crowd_ = &service->others;
  request->times_ = &service->times;
  request->home_ = outbox_;
  request_bytes_ += bytes;
  service->enter();
  ++caller_of(*request)->in_flight_of(service);
  if (service->fault.fail_percent > 0 && random_.below(100) < service->fault.fail_percent) {
    request->fail(code::internal, "failing on purpose: a fault was injected",
                  incoming_request::executed::yes);
    return answer(std::move(request));
  }
  if (service->fault.delay > duration::zero()) {
    const auto due = actor::now() + service->fault.delay;
    delayed_.emplace(due, std::move(request));
    return timer_->ring_by(due);
  }
  deliver(std::move(request));
}

void server::deliver(std::unique_ptr<incoming_request> request) {
  auto& queue = *request->service_->queue;
  actor::turn_queue::item item = request_ptr(request.release());
  // A queue that is closed belongs to an actor that has just died: the item, dropped here, hands the request
  // back unexecuted.
  (void)queue.put(item);
}

void server::refuse(std::unique_ptr<incoming_request> request, code code, std::string_view text) {
  request->fail(code, text, incoming_request::executed::no);
  answer(std::move(request));
}

void server::bounce(std::unique_ptr<incoming_request> request) {
  request->bounce();
  answer(std::move(request));
}

void server::turn_away(std::unique_ptr<incoming_request> request) {
  request->turn_away();
  answer(std::move(request));
}

std::uint32_t& server::inbound::in_flight_of(const hosted_service* service) {
  for (auto& each : shares)
    if (each.of == service) return each.in_flight;
  return shares.emplace_back(share{service, 0}).in_flight;
}

server::inbound* server::caller_of(const incoming_request& request) {
  if (request.link_ == gone) return nullptr;
  return request.link_ == 0 ? &local_ : &links_.at(request.link_);
}

void server::cancel(inbound& peer, attempt_id attempt) {
  for (auto* request = peer.under_way; request != nullptr; request = request->next_)
    if (request->attempt_ == attempt) return request->cancelled_.store(true, std::memory_order_relaxed);
}

void server::answer(std::unique_ptr<incoming_request> request) {
  auto* const peer = caller_of(*request);
  settle(*request, peer);
  capnp::MessageBuilder* envelope = &request->envelope_;
  std::optional<capnp::MallocMessageBuilder> instead;
  // The caller would close the link on it, with everybody's answers.
  if (const auto words = wire::message_words(*envelope); words > shared_.links.frames.words_max) {
    envelope = &instead.emplace(64);
    auto reply = instead->initRoot<wire::idl::Frame>().initReply();
    reply.setAttemptId(request->attempt_.value);
    reply.setLoad(request->reply_.getLoad().asReader());
    auto failure = reply.initFailure();
    failure.setCode(static_cast<std::uint16_t>(code::resource_exhausted));
    failure.setExecuted(true);
    failure.setText("the results take " + std::to_string(words) + " words, over the limit of " +
                    std::to_string(shared_.links.frames.words_max));
  }
  if (peer == nullptr) return;
  if (request->previous_ != nullptr)
    request->previous_->next_ = request->next_;
  else
    peer->under_way = request->next_;
  if (request->next_ != nullptr) request->next_->previous_ = request->previous_;
  if (request->link_ == 0) return others_.local_answer(wire::copy_to_frame(*envelope));
  peer->connection->send(*envelope, transport::link::when_full::append);
}

void server::settle(incoming_request& request, inbound* peer) {
  const auto draining = phase_ != phase::serving;
  if (request.service_ == nullptr) return request.reply_.initLoad().setDraining(draining);
  auto& service = *request.service_;
  if (request.completed_ != time_point{})
    service.note_times(request.execution_began_ - request.arrived_,
                       request.completed_ - request.execution_began_, request.completed_);
  // Before it leaves: what is reported includes the request that is answered.
  const bool away = request.turned_away_;
  auto* const yours = peer != nullptr ? &peer->in_flight_of(&service) : nullptr;
  service.write_load(request.reply_.initLoad(), yours != nullptr ? *yours : 0,
                     away ? hosted_service::refusing::yes : hosted_service::refusing::no, draining,
                     actor::now());
  if (away) request.reply_.getFailure().setNoRetry(service.retry_advice() == rpc::advice::do_not_retry);
  if (!request.admitted_) return;
  service.leave();
  if (yours != nullptr) --*yours;
  request_bytes_ -= request.message_.bytes();
  if (request.gave_way_) service.others.leaving.fetch_sub(1, std::memory_order_relaxed);
  if (request.outcome_ != incoming_request::outcome::failed) return;
  ++(away                                                   ? service.refused
     : request.executed_ == incoming_request::executed::yes ? service.failed
                                                            : service.expired);
}

std::size_t server::in_flight() const {
  std::size_t sum = 0;
  for (const auto& [name, service] : services_) sum += service->in_flight;
  return sum;
}

// --- Services --------------------------------------------------------------------------------------

void server::host(service_spec what, std::function<void(result<void>)> ready) {
  post([this, what = std::move(what), ready = std::move(ready)]() mutable {
    if (phase_ == phase::stopping) return ready(error{code::unavailable, "the node is stopping"});
    if (services_.contains(what.name))
      return ready(error{code::already_exists,
                         "this node hosts " + what.name + " already: one service of a name a node"});
    auto service = std::make_unique<hosted_service>(std::move(what));
    service->ready = std::move(ready);
    auto& placed = *services_.emplace(service->spec.name, std::move(service)).first->second;
    launch_service(placed);
  });
}

void server::launch_service(hosted_service& service) {
  auto* unit = shared_.engine.loop_unit();
  transport::event_loop* flushed = &loop_;
  if (service.spec.how.runs_on != placement::event_loop) {
    unit = nullptr;
    flushed = nullptr;
  }
  if (service.spec.how.runs_on == placement::thread) {
    if (!service.thread)
      service.thread = std::make_unique<actor::dedicated_thread>(system(), shared_.engine.workers());
    unit = service.thread.get();
  }
  service.queue = std::make_shared<actor::turn_queue>();
  service.started = actor::now();
  service.restart_at = never;
  service.now = hosted_service::phase::serving;
  auto make = [make = service.spec.make, commands = commands(), name = service.spec.name, this] {
    auto made = make();
    commands->post([this, name] {
      const auto found = services_.find(name);
      if (found != services_.end() && found->second->ready) std::exchange(found->second->ready, nullptr)({});
    });
    return made;
  };
  service.actor = actor::spawn_bound<service_actor>(system(), unit, request_handler_factory(make),
                                                    service.queue, flushed);
  monitor(service.actor);
}

void server::service_ended(const caf::actor_addr& which, const caf::error& reason) {
  const auto found = std::find_if(services_.begin(), services_.end(), [&](const auto& entry) {
    return entry.second->actor && entry.second->actor.address() == which;
  });
  if (found == services_.end()) return;
  auto& service = *found->second;
  service.actor = nullptr;
  if (phase_ == phase::stopping) {
    service.now = hosted_service::phase::stopped;
    if (service.ready)
      std::exchange(service.ready, nullptr)(error{code::unavailable, "the node is stopping"});
    return finish_stopping();
  }
  const auto why = actor::reason_text(reason);
  if (service.ready) {
    const auto ready = std::exchange(service.ready, nullptr);
    const auto name = service.spec.name;
    services_.erase(found);
    return ready(error{code::internal, name + " could not be constructed: " + why});
  }
  const auto now = actor::now();
  if (now - service.started > lived_well) service.restarts_in_a_row = 0;
  const auto wait = admission::restart_delay(service.restarts_in_a_row++);
  ++service.restarts;
  service.now = hosted_service::phase::waiting_to_restart;
  service.restart_at = now + wait;
  shared_.log->error("service {} died ({}): started again in {}", service.spec.name, why,
                     format_duration(wait));
  arm();
}

void server::restart_due(time_point now) {
  for (auto& [name, service] : services_)
    if (service->now == hosted_service::phase::waiting_to_restart && service->restart_at <= now) {
      shared_.log->info("service {} is started again", name);
      launch_service(*service);
    }
}

void server::set_fault(std::string service, injected_fault fault, std::function<void(result<void>)> applied) {
  post([this, service = std::move(service), fault, applied = std::move(applied)] {
    const auto found = services_.find(service);
    if (found == services_.end())
      return applied(error{code::not_found, "node " + shared_.name + " does not serve " + service});
    found->second->fault = fault;
    applied({});
  });
}

// --- Time ------------------------------------------------------------------------------------------

void server::ring() {
  const auto now = actor::now();
  restart_due(now);
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    auto due = delayed_.extract(delayed_.begin());
    deliver(std::move(due.mapped()));
  }
  if (now >= next_check_) check_links(now);
  if (idle_ && now >= drain_limit_) std::exchange(idle_, nullptr)(in_flight());
  arm();
}

void server::check_links(time_point now) {
  next_check_ = now + check_interval;
  std::vector<std::pair<transport::link*, const char*>> overdue;
  for (auto& [number, peer] : links_) {
    // A long message in the middle of its transfer is a sign of life as well.
    if (const auto bytes = peer.connection->received_bytes(); bytes != peer.seen_bytes) {
      peer.seen_bytes = bytes;
      peer.heard = now;
    }
    if (peer.name == nullptr && now - peer.accepted > options_.hello_within)
      overdue.emplace_back(peer.connection.get(), "it did not say hello in time");
    else if (now - peer.heard > options_.idle_max)
      overdue.emplace_back(peer.connection.get(), "nothing was heard from it, not even a ping");
  }
  for (const auto& [connection, why] : overdue) connection->close(why);
}

void server::arm() {
  auto next = std::min(next_check_, idle_ ? drain_limit_ : never);
  if (!delayed_.empty()) next = std::min(next, delayed_.begin()->first);
  for (const auto& [name, service] : services_) next = std::min(next, service->restart_at);
  timer_->ring_by(next);
}

// --- The end ---------------------------------------------------------------------------------------

void server::drain(std::string why, duration limit, std::function<void(std::size_t)> idle) {
  post([this, why = std::move(why), limit, idle = std::move(idle)]() mutable {
    if (phase_ == phase::serving) phase_ = phase::draining;
    for (auto& [number, peer] : links_) {
      if (peer.name == nullptr) continue;
      capnp::MallocMessageBuilder message(32);
      message.initRoot<wire::idl::Frame>().setGoAway(why);
      peer.connection->send(message, transport::link::when_full::append);
    }
    loop_.flush();
    idle_ = std::move(idle);
    drain_limit_ = actor::now() + limit;
    arm();
  });
}

void server::stop(std::function<void()> ended) {
  post([this, ended = std::move(ended)]() mutable {
    ended_ = std::move(ended);
    phase_ = phase::stopping;
    listener_->stop();
    idle_ = nullptr;
    for (auto& [due, request] : std::exchange(delayed_, {})) deliver(std::move(request));
    for (auto& [name, service] : services_) {
      service->restart_at = never;
      if (service->actor) send_exit(service->actor, caf::exit_reason::user_shutdown);
    }
    finish_stopping();
  });
}

void server::finish_stopping() {
  const auto alive =
      std::any_of(services_.begin(), services_.end(), [](const auto& entry) { return entry.second->actor; });
  if (alive || !ended_) return;
  turn();  // the answers of the services that have just ended
  outbox_->close();
  local_requests_->close();
  std::vector<transport::link*> open;
  for (auto& [number, peer] : links_) open.push_back(peer.connection.get());
  for (auto* connection : open) connection->close("the node is stopping");
  services_.clear();
  timer_->stop();
  loop_.dispose(std::move(timer_));
  loop_.dispose(std::move(listener_));
  std::exchange(ended_, nullptr)();
  quit(caf::exit_reason::user_shutdown);
}

void server::inspect(std::function<void(report)> take) {
  post([this, take = std::move(take)] {
    report now;
    const auto read_at = actor::now();
    for (const auto& [name, service] : services_) now.services.push_back(report_of(*service, read_at));
    for (const auto& [number, peer] : links_)
      now.links.push_back({peer.name ? *peer.name : "", to_string(peer.from), peer.connection->queued_bytes(),
                           peer.connection->sent_bytes(), peer.connection->received_bytes()});
    now.counted = {{"links_accepted", counted_.accepted},       {"links_turned_away", counted_.turned_away},
                   {"hellos_refused", counted_.refused_hellos}, {"bad_frames", counted_.bad_frames},
                   {"links_closed", counted_.closed},           {"exchanges_answered", counted_.exchanges},
                   {"load_queries", counted_.load_queries}};
    take(std::move(now));
  });
}

}  // namespace troupe::serving
