#include <algorithm>

#include <caf/make_counted.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <troupe/actor/clock.hpp>
#include <troupe/actor/worker_watch.hpp>

namespace troupe::actor {

bool errand::begin(time_point now) {
  if (sent_.load(std::memory_order_acquire) != 0) return false;
  sent_.store(now.time_since_epoch().count(), std::memory_order_release);
  return true;
}

duration errand::waited(time_point now) const {
  const auto sent = sent_.load(std::memory_order_acquire);
  if (sent == 0) return duration(waited_.load(std::memory_order_acquire));
  return std::max<duration>(now - time_point(duration(sent)), duration::zero());
}

caf::resumable::resume_result errand::resume(caf::execution_unit*, std::size_t) {
  const auto sent = time_point(duration(sent_.load(std::memory_order_acquire)));
  waited_.store((now() - sent).count(), std::memory_order_release);
  sent_.store(0, std::memory_order_release);
  return done;
}

worker_watch::worker_watch(caf::actor_system& system)
    : system_(system), on_pool_(caf::make_counted<errand>()) {}

void worker_watch::add(caf::execution_unit* thread) {
  const std::lock_guard lock(mutex_);
  on_threads_.emplace(thread, caf::make_counted<errand>());
}

void worker_watch::remove(caf::execution_unit* thread) {
  const std::lock_guard lock(mutex_);
  on_threads_.erase(thread);
}

// Whoever runs a job releases it afterwards: each is sent with a reference of its own.
duration worker_watch::look(time_point now) {
  const auto pool = on_pool_->waited(now);
  if (on_pool_->begin(now)) {
    on_pool_->ref();
    system_.scheduler().enqueue(on_pool_.get());
  }
  const std::lock_guard lock(mutex_);
  auto threads = on_threads_.empty() ? duration::zero() : duration::max();
  for (const auto& [thread, job] : on_threads_) {
    threads = std::min(threads, job->waited(now));
    if (!job->begin(now)) continue;
    job->ref();
    thread->exec_later(job.get());
  }
  return std::max(pool, threads);
}

}  // namespace troupe::actor
