// A thread of an actor's own, for services whose handlers block.
//
// CAF's own detached actors can hang at shutdown (issues 1110 and 1196 of its tracker), so this is a plain
// thread that CAF sees as one more execution unit.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>

#include <troupe/actor/worker_watch.hpp>

namespace troupe::actor {

class dedicated_thread final : public caf::execution_unit {
 public:
  dedicated_thread(caf::actor_system& system, worker_watch& watch);
  /// Ends the thread. Its actors must have ended before.
  ~dedicated_thread() override;

  void exec_later(caf::resumable* what) override;

 private:
  void run();

  worker_watch& watch_;
  std::mutex mutex_;
  std::condition_variable there_is_work_;
  std::deque<caf::resumable*> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace troupe::actor
