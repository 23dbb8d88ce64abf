// The actor of one service: takes requests, returned calls and continuations from its turn queue, one turn
// after the other.
#pragma once

#include <memory>
#include <vector>

#include <troupe/runtime/bound_actor.hpp>
#include <troupe/runtime/servant.hpp>
#include <troupe/runtime/turns.hpp>

namespace troupe::transport {
class event_loop;
}

namespace troupe::runtime {

class service_actor final : public bound_actor {
 public:
  /// `queue` is new for each life of the service. `loop` is set where this actor runs on the event loop:
  /// then what its turns have sent is flushed at their end.
  service_actor(caf::actor_config& config, caf::execution_unit* where, servant_factory make,
                std::shared_ptr<turns> queue, transport::event_loop* loop);

 protected:
  void begin() override;
  void turn() override;
  void on_exit() override;

 private:
  /// Gives the time after it.
  time_point take(turns::item& what, time_point now);

  servant_factory make_;
  std::shared_ptr<turns> queue_;
  transport::event_loop* loop_;
  std::unique_ptr<servant> servant_;
  std::vector<turns::item> taken_;
};

}  // namespace troupe::runtime
