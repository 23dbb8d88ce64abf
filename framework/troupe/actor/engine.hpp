// One CAF actor system, configured as this framework needs it, and its event loop.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <troupe/actor/worker_watch.hpp>
#include <troupe/transport/event_loop.hpp>

namespace troupe::actor {

class engine {
 public:
  /// `pool_threads`: CAF's scheduler, for services placed on the pool. 1 to 256.
  explicit engine(std::size_t pool_threads);
  /// Blocks until every actor has ended: end them first.
  ~engine();

  /// Blocks until these actors have ended. Not from an actor.
  void wait_for_end(const std::vector<caf::actor>& actors);

  caf::actor_system& system() { return *system_; }
  transport::event_loop& loop() { return *loop_; }
  caf::execution_unit* loop_unit() { return &loop_->backend(); }
  worker_watch& workers() { return *workers_; }

 private:
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<transport::event_loop> loop_;
  std::unique_ptr<worker_watch> workers_;
};

}  // namespace troupe::actor
