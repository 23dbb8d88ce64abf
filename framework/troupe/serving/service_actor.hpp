// The actor of one service: takes requests, returned calls and continuations from its turn queue, one turn
// after the other. What has been begun goes on before anything new begins; new requests wait in a line of
// their own (admission/waiting_line.hpp).
#pragma once

#include <memory>
#include <vector>

#include <troupe/actor/bound_actor.hpp>
#include <troupe/actor/turn_queue.hpp>
#include <troupe/admission/waiting_line.hpp>
#include <troupe/serving/incoming_request.hpp>
#include <troupe/serving/request_handler.hpp>
#include <troupe/serving/service_gauges.hpp>

namespace troupe::transport {
class event_loop;
}

namespace troupe::serving {

class service_actor final : public actor::bound_actor {
 public:
  /// `gauges` outlive it; `queue` is new for each life of the service. `loop` is set where this actor runs on
  /// the event loop: then what its turns have sent is flushed at their end.
  service_actor(caf::actor_config& config, caf::execution_unit* where, request_handler_factory make,
                service_gauges& gauges, std::shared_ptr<actor::turn_queue> queue,
                transport::event_loop* loop);

 protected:
  void begin() override;
  void turn() override;
  void on_exit() override;

 private:
  // Each gives the time after it.
  /// What has been begun, where it is that.
  time_point go_on(actor::turn_queue::item& what, time_point now);
  /// A request that has just been found; `others` wait, too.
  time_point take(request_ptr request, bool others, time_point until, time_point now);
  time_point begin_next(time_point now);
  time_point begin(request_ptr request, const admission::turn& what, time_point now);

  request_handler_factory make_;
  service_gauges& gauges_;
  std::shared_ptr<actor::turn_queue> queue_;
  transport::event_loop* loop_;
  std::unique_ptr<request_handler> handler_;
  std::vector<actor::turn_queue::item> taken_;
  admission::waiting_line<request_ptr> line_;
  duration longest_wait_{0};  // in this turn
};

}  // namespace troupe::serving
