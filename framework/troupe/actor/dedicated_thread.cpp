#include <utility>

#include <troupe/actor/dedicated_thread.hpp>

namespace troupe::actor {

namespace {

// Messages an actor may handle before its thread looks at the queue again: one actor, so any bound will do.
constexpr std::size_t messages_per_resume = 64;

}  // namespace

dedicated_thread::dedicated_thread(caf::actor_system& system, worker_watch& watch)
    : execution_unit(&system), watch_(watch), thread_([this] { run(); }) {
  watch_.add(this);
}

dedicated_thread::~dedicated_thread() {
  watch_.remove(this);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  there_is_work_.notify_one();
  thread_.join();
  for (auto* left : queue_) caf::intrusive_ptr_release(left);
}

void dedicated_thread::exec_later(caf::resumable* what) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(what);
  }
  there_is_work_.notify_one();
}

void dedicated_thread::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    there_is_work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto* next = queue_.front();
    queue_.pop_front();
    lock.unlock();
    if (next->resume(this, messages_per_resume) == caf::resumable::resume_later)
      exec_later(next);
    else
      caf::intrusive_ptr_release(next);
    lock.lock();
  }
}

}  // namespace troupe::actor
