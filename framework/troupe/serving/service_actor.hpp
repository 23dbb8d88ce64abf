// The actor of one service: takes requests, returned calls and continuations from its turn queue, one turn
// after the other.
#pragma once

#include <memory>
#include <vector>

#include <troupe/actor/bound_actor.hpp>
#include <troupe/actor/turn_queue.hpp>
#include <troupe/serving/request_handler.hpp>

namespace troupe::transport {
class event_loop;
}

namespace troupe::serving {

class service_actor final : public actor::bound_actor {
 public:
  /// `queue` is new for each life of the service. `loop` is set where this actor runs on the event loop:
  /// then what its turns have sent is flushed at their end.
  service_actor(caf::actor_config& config, caf::execution_unit* where, request_handler_factory make,
                std::shared_ptr<actor::turn_queue> queue, transport::event_loop* loop);

 protected:
  void begin() override;
  void turn() override;
  void on_exit() override;

 private:
  /// Gives the time after it.
  time_point take(actor::turn_queue::item& what, time_point now);

  request_handler_factory make_;
  std::shared_ptr<actor::turn_queue> queue_;
  transport::event_loop* loop_;
  std::unique_ptr<request_handler> handler_;
  std::vector<actor::turn_queue::item> taken_;
};

}  // namespace troupe::serving
