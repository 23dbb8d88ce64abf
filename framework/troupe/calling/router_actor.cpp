#include <algorithm>
#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/base/hash.hpp>
#include <troupe/calling/router_actor.hpp>
#include <troupe/routing/attempt_text.hpp>
#include <troupe/wire/call.hpp>
#include <troupe/wire/signals.hpp>

namespace troupe::calling {

namespace {

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

// --- The actor -------------------------------------------------------------------------------------

router_actor::router_actor(caf::actor_config& config, caf::execution_unit* where,
                           const actor::environment& shared, const routing::options& options,
                           std::shared_ptr<router_port> port)
    : actor::bound_actor(config, where),
      shared_(shared),
      loop_(shared.engine.loop()),
      port_(std::move(port)),
      core_(options, shared.self.node, shared.zone, mix(shared.self.node.value ^ shared.self.epoch.value),
            actor::now()),
      links_(shared, *this) {
  port_->belongs_to(loop_.backend().thread_id());
  timer_ = std::make_unique<transport::timer>(loop_, [this] { ring(); });
}

router_actor::~router_actor() = default;

void router_actor::begin() {
  timer_->start();
  port_->open(waker());
}

void router_actor::turn() {
  port_->take(taken_);
  const auto now = actor::now();
  for (auto& item : taken_) {
    if (auto* call = std::get_if<call_ptr>(&item))
      begin_call(std::move(*call), now);
    else if (auto* answer = std::get_if<wire::frame>(&item))
      read_local(std::move(*answer), now);
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
      links_.dial(dialled->to, now);
    else if (const auto* let_go = std::get_if<routing::hang_up>(&next))
      links_.hang_up(let_go->to, "not needed now");
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
  const auto to = links_.find(what.to);
  if (!to) return core_.unsent(what.attempt, "no link", now, actions_);
  stamp(call, what, to->features);
  switch (to->connection->send(call.envelope().message(), transport::link::when_full::refuse)) {
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
  if (const auto to = links_.find(what.to))
    (void)to->connection->send(cancel, transport::link::when_full::refuse);
}

// Nobody waits for its answer: where it cannot be sent now, there will be another one.
void router_actor::perform(const routing::probe& what) {
  if (const auto to = links_.find(what.to))
    (void)to->connection->send(wire::short_frame(wire::load_query{core_.name_of(what.service)}),
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
    call->succeed(std::move(answer_), answer_results_);
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
    auto [name, address] = links_.label_of(attempt.node);
    call_attempt shown;
    shown.node = std::move(name);
    shown.address = std::move(address);
    shown.score = attempt.score;
    shown.took = (attempt.ended == attempt.started ? now : attempt.ended) - attempt.started;
    shown.outcome = outcome_of(history, i, call.traits.safety);
    problem.attempts.push_back(std::move(shown));
  }
  return problem;
}

// --- What is heard -----------------------------------------------------------------------------------------

void router_actor::on_node_change(const routing::node_view& now_known, time_point now) {
  core_.node_changed(now_known, now, actions_);
  settle(now);
}

void router_actor::on_link_up(node_id to, wire::feature_set agreed, time_point now) {
  const bool answers = agreed.has(wire::feature::load_queries);
  core_.link_up(to, now, actions_, answers ? routing::probes::answered : routing::probes::ignored);
  settle(now);
}

void router_actor::on_link_down(node_id to, const std::string& why, time_point now) {
  core_.link_down(to, why, now, actions_);
  settle(now);
}

void router_actor::on_congestion(node_id to, transport::link::owner::congestion what, time_point now) {
  const auto begins = what == transport::link::owner::congestion::begins;
  core_.link_congested(to, begins ? routing::router::congested::yes : routing::router::congested::no, now,
                       actions_);
  settle(now);
}

result<void> router_actor::on_reply(wire::message_ptr reply, time_point now) {
  const auto said = wire::read_reply(*reply);
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
  answer_ = std::move(reply);
  answer_results_ = said->results;
  core_.answered(said->attempt, what, now, actions_);
  settle(now);
  answer_.reset();
  answer_problem_.reset();
  return {};
}

void router_actor::read_local(wire::frame answer, time_point now) {
  auto opened = wire::open(std::move(answer), shared_.links.frames);
  const auto read = opened ? on_reply(std::move(*opened), now) : opened.error();
  if (!read) shared_.log->error("a local answer: {}", read.error().text);
}

void router_actor::on_load(node_id from, const wire::load_answer& said, time_point now) {
  if (const auto service = core_.find_service(said.service)) core_.load_told(from, *service, said.load, now);
}

// --- Membership ------------------------------------------------------------------------------------

void router_actor::serve_locally(std::shared_ptr<actor::inbox<wire::frame>> requests) {
  post([this, requests = std::move(requests)] { local_requests_ = requests; });
}

void router_actor::report_life(std::function<void(std::vector<identity>)> heard) {
  post([this, heard = std::move(heard)] { links_.report_life(heard); });
}

void router_actor::nodes_changed(std::vector<node_change> changes) {
  post([this, changes = std::move(changes)] {
    const auto now = actor::now();
    for (const auto& what : changes)
      if (what.view.self.node == shared_.self.node)
        on_node_change(what.view, now);
      else
        links_.learn(what, now);
  });
}

void router_actor::inspect(std::function<void(report)> take) {
  post([this, take = std::move(take)] {
    const auto& counted = core_.counted();
    report now;
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
                   {"probes_answered", counted.probes_answered}};
    links_.tell(now.links, now.counted);
    take(std::move(now));
  });
}

// --- Time and the end ------------------------------------------------------------------------------

void router_actor::ring() {
  const auto now = actor::now();
  core_.tick(now, actions_);
  settle(now);
  if (now >= links_.next_check()) {
    links_.check(now);
    settle(now);
  }
  run_due(now);
  arm();
}

void router_actor::run_due(time_point now) {
  while (!later_.empty() && later_.top().due <= now) {
    auto due = later_.top();
    later_.pop();
    if (due.home)
      due.home->post(std::move(due.what));
    else
      due.what();
  }
}

void router_actor::arm() {
  if (!timer_) return;
  auto next = std::min(core_.next_deadline(), links_.next_check());
  if (!later_.empty()) next = std::min(next, later_.top().due);
  timer_->ring_by(next);
}

void router_actor::stop(std::function<void()> ended) {
  post([this, ended = std::move(ended)] {
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
    for (auto& left : port_->close()) {
      auto* call = std::get_if<call_ptr>(&left);
      if (call == nullptr) continue;
      (*call)->fail(stopped_failure(**call));
      bring_home(std::move(*call));
    }
    links_.close_all("the node is stopping");
    timer_->stop();
    loop_.dispose(std::move(timer_));
    ended();
    quit(caf::exit_reason::user_shutdown);
  });
}

}  // namespace troupe::calling
