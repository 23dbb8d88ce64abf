// The serving half of a node: an actor on the event loop that wires its parts together.
//
//   ingress       links: reads what callers say
//   request desk  whom the admission core lets in, and what is answered
//   supervisor    services: their actors, and starting them again
//
// Requests go from the link straight to the service's turn queue, and come back through the outbox, whatever
// happened to them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <troupe/actor/bound_actor.hpp>
#include <troupe/actor/environment.hpp>
#include <troupe/actor/inbox.hpp>
#include <troupe/actor/link_report.hpp>
#include <troupe/admission/injected_fault.hpp>
#include <troupe/base/alarms.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/serving/hosted_service.hpp>
#include <troupe/serving/ingress.hpp>
#include <troupe/serving/request_desk.hpp>
#include <troupe/serving/server_options.hpp>
#include <troupe/serving/supervisor.hpp>
#include <troupe/transport/timer.hpp>
#include <troupe/wire/frame.hpp>

namespace troupe::serving {

class server final : public actor::bound_actor {
 public:
  struct collaborators {
    ingress::collaborators membership;              // its syncs
    std::function<void(wire::frame)> local_answer;  // replies to this very process
  };

  server(caf::actor_config& config, caf::execution_unit* where, const actor::environment& shared,
         const server_options& options, transport::owned_fd listening, collaborators others);
  ~server() override;

  // From any thread: all of it happens in a later turn of this actor.

  /// Starts the service. `ready` is told: an error names a service that is hosted already or that threw
  /// while it was constructed.
  void host(service_spec what, std::function<void(result<void>)> ready);
  /// Where the router puts requests to this very node.
  const std::shared_ptr<actor::inbox<wire::frame>>& local_requests() const {
    return ingress_.local_requests();
  }
  void set_fault(std::string service, admission::injected_fault fault,
                 std::function<void(result<void>)> applied);
  /// Refuses new requests and tells every peer; `idle` runs once nothing is in flight, or at `limit`, and is
  /// told how many were.
  void drain(std::string why, duration limit, std::function<void(std::size_t)> idle);
  /// Ends services, links and itself; `ended` runs when nothing of it is left but the actor.
  void stop(std::function<void()> ended);

  struct report {
    std::vector<service_report> services;
    std::vector<actor::link_report> links;
    actor::counters counted;
  };
  void inspect(std::function<void(report)> take);

 protected:
  void begin() override;
  void turn() override;

 private:
  enum class deadline { check_links, end_drain, count };

  void ring();
  void arm();
  void note_drained();
  void finish_stopping();

  transport::event_loop& loop_;
  std::unique_ptr<transport::timer> timer_;
  supervisor supervisor_;
  request_desk desk_;
  ingress ingress_;
  alarms<deadline> due_;
  std::function<void(std::size_t)> idle_;  // of a drain, until it is over
  std::function<void()> ended_;            // of a stop
};

}  // namespace troupe::serving
