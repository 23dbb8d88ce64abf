#include <algorithm>
#include <utility>

#include <caf/actor_system.hpp>

#include <troupe/actor/clock.hpp>
#include <troupe/serving/service_actor.hpp>
#include <troupe/serving/supervisor.hpp>

namespace troupe::serving {

namespace {

using phase = admission::lifecycle::phase;

error stopping() { return {code::unavailable, "the node is stopping"}; }

}  // namespace

supervisor::supervisor(actor::bound_actor& by, const actor::environment& shared) : by_(by), shared_(shared) {}

// --- Starting ------------------------------------------------------------------------------------------

void supervisor::host(service_spec what, std::function<void(result<void>)> ready) {
  if (stopping_) return ready(stopping());
  if (services_.contains(what.name))
    return ready(error{code::already_exists,
                       "this node hosts " + what.name + " already: one service of a name a node"});
  auto service = std::make_unique<hosted_service>(std::move(what));
  service->ready = std::move(ready);
  auto& placed = *services_.emplace(service->spec.name, std::move(service)).first->second;
  launch(placed);
}

void supervisor::launch(hosted_service& service) {
  auto* unit = shared_.engine.loop_unit();
  transport::event_loop* flushed = &shared_.engine.loop();
  if (service.spec.how.runs_on != placement::event_loop) {
    unit = nullptr;
    flushed = nullptr;
  }
  if (service.spec.how.runs_on == placement::thread) {
    if (!service.thread)
      service.thread = std::make_unique<actor::dedicated_thread>(by_.system(), shared_.engine.workers());
    unit = service.thread.get();
  }
  service.queue = std::make_shared<actor::turn_queue>();
  service.core.life().launched(actor::now());
  auto make = [make = service.spec.make, commands = by_.commands(), name = service.spec.name, this] {
    auto made = make();
    commands->post([this, name] { note_begun(name); });
    return made;
  };
  service.actor = actor::spawn_bound<service_actor>(by_.system(), unit, request_handler_factory(make),
                                                    service.gauges, service.queue, flushed);
  by_.monitor(service.actor);
}

void supervisor::note_begun(const std::string& name) {
  auto* const service = find_service(services_, name);
  if (service == nullptr) return;
  service->core.life().began();
  if (service->ready) std::exchange(service->ready, nullptr)({});
}

result<void> supervisor::set_fault(std::string_view service, const admission::injected_fault& fault) {
  auto* const found = find_service(services_, service);
  if (found == nullptr)
    return error{code::not_found, "node " + shared_.name + " does not serve " + std::string(service)};
  found->core.set_fault(fault);
  return {};
}

// --- Ending, and starting again ------------------------------------------------------------------------

void supervisor::ended(const caf::actor_addr& which, const caf::error& reason) {
  const auto found = std::find_if(services_.begin(), services_.end(), [&](const auto& entry) {
    return entry.second->actor && entry.second->actor.address() == which;
  });
  if (found == services_.end()) return;
  auto& service = *found->second;
  service.actor = nullptr;
  if (stopping_) {
    if (service.ready) std::exchange(service.ready, nullptr)(stopping());
    return;
  }
  const auto why = actor::reason_text(reason);
  if (!service.ready) return note_death(service, why);
  const auto ready = std::exchange(service.ready, nullptr);
  const auto name = service.spec.name;
  services_.erase(found);  // with no request left: it has refused all of them
  ready(error{code::internal, name + " could not be constructed: " + why});
}

void supervisor::note_death(hosted_service& service, const std::string& why) {
  const auto wait = service.core.life().died(actor::now());
  shared_.log->error("service {} died ({}): started again in {}", service.spec.name, why,
                     format_duration(wait));
}

void supervisor::restart_due(time_point now) {
  for (auto& [name, service] : services_)
    if (service->core.life().restart_at() <= now) {
      shared_.log->info("service {} is started again", name);
      launch(*service);
    }
}

time_point supervisor::next_restart() const {
  auto next = never;
  for (const auto& [name, service] : services_) next = std::min(next, service->core.life().restart_at());
  return next;
}

void supervisor::stop() {
  stopping_ = true;
  for (auto& [name, service] : services_) {
    service->core.life().stopped();
    if (service->actor) by_.send_exit(service->actor, caf::exit_reason::user_shutdown);
  }
}

bool supervisor::all_ended() const {
  return std::none_of(services_.begin(), services_.end(),
                      [](const auto& entry) { return static_cast<bool>(entry.second->actor); });
}

void supervisor::tell(std::vector<service_report>& services, time_point now) const {
  for (const auto& [name, service] : services_) services.push_back(report_of(*service, now));
}

}  // namespace troupe::serving
