#include <algorithm>
#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/serving/server.hpp>

namespace troupe::serving {

namespace {

constexpr duration check_interval = 1s;

}  // namespace

server::server(caf::actor_config& config, caf::execution_unit* where, const actor::environment& shared,
               const server_options& options, transport::owned_fd listening, collaborators others)
    : actor::bound_actor(config, where),
      loop_(shared.engine.loop()),
      timer_(std::make_unique<transport::timer>(loop_, [this] { ring(); })),
      supervisor_(*this, shared),
      desk_(shared, options,
            {.local_answer = std::move(others.local_answer),
             .wake_by = [this](time_point at) { timer_->ring_by(at); }}),
      ingress_(shared, options, std::move(listening), supervisor_.services(), desk_,
               std::move(others.membership)) {}

server::~server() = default;

void server::begin() {
  set_down_handler([this](caf::scheduled_actor*, caf::down_msg& what) {
    supervisor_.ended(what.source, what.reason);
    if (ended_) return finish_stopping();
    arm();
  });
  desk_.open(waker(), [this] { note_drained(); });
  ingress_.start(waker());
  timer_->start();
  due_.set(deadline::check_links, actor::now() + check_interval);
  arm();
}

void server::turn() {
  ingress_.read_local(actor::now());
  desk_.answer_returned();
  note_drained();
  loop_.flush();
}

// --- Services ------------------------------------------------------------------------------------------

void server::host(service_spec what, std::function<void(result<void>)> ready) {
  post([this, what = std::move(what), ready = std::move(ready)]() mutable {
    supervisor_.host(std::move(what), std::move(ready));
  });
}

void server::set_fault(std::string service, admission::injected_fault fault,
                       std::function<void(result<void>)> applied) {
  post([this, service = std::move(service), fault, applied = std::move(applied)] {
    applied(supervisor_.set_fault(service, fault));
  });
}

// --- Time ----------------------------------------------------------------------------------------------

void server::ring() {
  const auto now = actor::now();
  supervisor_.restart_due(now);
  desk_.deliver_due(now);
  if (due_.take(deadline::check_links, now)) {
    due_.set(deadline::check_links, now + check_interval);
    ingress_.close_overdue(now);
  }
  if (due_.take(deadline::end_drain, now)) note_drained();
  arm();
}

void server::arm() {
  timer_->ring_by(std::min({due_.next(), supervisor_.next_restart(), desk_.next_delivery()}));
}

// --- The end -------------------------------------------------------------------------------------------

void server::drain(std::string why, duration limit, std::function<void(std::size_t)> idle) {
  post([this, why = std::move(why), limit, idle = std::move(idle)]() mutable {
    const auto end = actor::now() + limit;
    desk_.drain(end);
    ingress_.say_go_away(why);
    loop_.flush();
    idle_ = std::move(idle);
    due_.set(deadline::end_drain, end);
    arm();
  });
}

void server::note_drained() {
  if (idle_ && desk_.drained(actor::now())) std::exchange(idle_, nullptr)(desk_.in_flight());
}

void server::stop(std::function<void()> ended) {
  post([this, ended = std::move(ended)]() mutable {
    ended_ = std::move(ended);
    idle_ = nullptr;
    desk_.drain(never);
    desk_.deliver_due(never);
    ingress_.stop_accepting();
    supervisor_.stop();
    finish_stopping();
  });
}

void server::finish_stopping() {
  if (!ended_ || !supervisor_.all_ended()) return;
  turn();  // the answers of the services that have just ended
  desk_.close();
  ingress_.close("the node is stopping");
  supervisor_.forget_all();
  timer_->stop();
  loop_.dispose(std::move(timer_));
  std::exchange(ended_, nullptr)();
  quit(caf::exit_reason::user_shutdown);
}

// --- What is told of it --------------------------------------------------------------------------------

void server::inspect(std::function<void(report)> take) {
  post([this, take = std::move(take)] {
    report now;
    supervisor_.tell(now.services, actor::now());
    ingress_.tell(now.links, now.counted);
    take(std::move(now));
  });
}

}  // namespace troupe::serving
