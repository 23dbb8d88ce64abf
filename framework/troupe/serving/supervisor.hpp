// The services of a node: starts their actors, watches them, and starts those that have died again.
//
// A service that dies is down for a while (admission/lifecycle.hpp); meanwhile its requests are refused
// unexecuted. One that cannot even be constructed is forgotten. On the event loop's thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <caf/fwd.hpp>

#include <troupe/actor/bound_actor.hpp>
#include <troupe/actor/environment.hpp>
#include <troupe/admission/injected_fault.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/serving/hosted_service.hpp>

namespace troupe::serving {

class supervisor {
 public:
  /// `by` monitors the services' actors, and must outlive this.
  supervisor(actor::bound_actor& by, const actor::environment& shared);

  const service_table& services() const { return services_; }

  /// Starts the service. `ready` is told, once its first life has begun: an error names a service that is
  /// hosted already, or that threw while it was constructed.
  void host(service_spec what, std::function<void(result<void>)> ready);
  /// Errors: not_found.
  result<void> set_fault(std::string_view service, const admission::injected_fault& fault);

  /// An actor that `by` monitors has ended.
  void ended(const caf::actor_addr& which, const caf::error& reason);
  /// Starts what has been down for long enough.
  void restart_due(time_point now);
  time_point next_restart() const;

  /// Ends all of them: `ended` comes for each.
  void stop();
  bool all_ended() const;
  /// REQUIRES: all have ended, and their requests have come back.
  void forget_all() { services_.clear(); }

  void tell(std::vector<service_report>& services, time_point now) const;

 private:
  void launch(hosted_service& service);
  void note_begun(const std::string& name);
  void note_death(hosted_service& service, const std::string& why);

  actor::bound_actor& by_;
  const actor::environment& shared_;
  service_table services_;
  bool stopping_ = false;
};

}  // namespace troupe::serving
