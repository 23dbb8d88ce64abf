// How long work waits for a worker of this node: measured by jobs that do nothing, one for each kind of
// worker.
//
// A job waits as long as all workers that could take it are busy. On CAF's pool that is every thread of it;
// of the services' own threads each is asked, and the shortest wait counts: one service that blocks its own
// thread is that service's load, which its callers are told with its answers; a node lags when none of
// its threads gets to its work.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include <caf/actor_system.hpp>
#include <caf/execution_unit.hpp>
#include <caf/intrusive_ptr.hpp>
#include <caf/ref_counted.hpp>
#include <caf/resumable.hpp>

#include <troupe/base/time.hpp>

namespace troupe::actor {

/// The job. At most one of each is under way.
class errand final : public caf::ref_counted, public caf::resumable {
 public:
  /// True when it may be sent: then it counts as under way since `now`.
  bool begin(time_point now);
  /// How long the last one waited, or the present one has been waiting.
  duration waited(time_point now) const;

  resume_result resume(caf::execution_unit* where, std::size_t messages_max) override;
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

 private:
  std::atomic<duration::rep> sent_{0};  // 0 while none is under way
  std::atomic<duration::rep> waited_{0};
};

class worker_watch {
 public:
  explicit worker_watch(caf::actor_system& system);

  /// A service's own thread begins, and ends. From any thread.
  void add(caf::execution_unit* thread);
  void remove(caf::execution_unit* thread);

  /// Sends the jobs that are not under way, and gives the wait of the kind of worker that is worst off. What
  /// it gives is as old as the last look, so look regularly.
  duration look(time_point now);

 private:
  caf::actor_system& system_;
  caf::intrusive_ptr<errand> on_pool_;
  std::mutex mutex_;
  std::map<caf::execution_unit*, caf::intrusive_ptr<errand>> on_threads_;
};

}  // namespace troupe::actor
