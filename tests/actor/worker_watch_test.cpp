// How long work waits for workers.
#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include <caf/scheduler/abstract_coordinator.hpp>
#include <doctest/doctest.h>

#include <troupe/actor/clock.hpp>
#include <troupe/actor/dedicated_thread.hpp>
#include <troupe/actor/engine.hpp>
#include <troupe/actor/worker_watch.hpp>

#include "eventually.hpp"

namespace {

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::actor;
using test::eventually;

/// A job that keeps its worker until it is told to end.
class blockade final : public caf::ref_counted, public caf::resumable {
 public:
  explicit blockade(std::shared_future<void> end) : end_(std::move(end)) {}
  resume_result resume(caf::execution_unit*, std::size_t) override {
    begun.set_value();
    end_.wait();
    return done;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

  std::promise<void> begun;

 private:
  std::shared_future<void> end_;
};

template <class Put>
void block(std::shared_future<void> end, Put put) {
  auto job = caf::make_counted<blockade>(std::move(end));
  auto begun = job->begun.get_future();
  job->ref();
  put(job.get());
  begun.get();
}

}  // namespace

TEST_CASE("work waits when all workers of the pool are taken, and not while one is free") {
  engine with(2);
  auto& watch = with.workers();
  const auto put = [&](caf::resumable* job) { with.system().scheduler().enqueue(job); };
  std::promise<void> one, other;
  const auto waits = [&] { return watch.look(actor::now()) > 100ms; };
  block(one.get_future().share(), put);
  for (int i = 0; i < 30; ++i) {
    (void)waits();
    std::this_thread::sleep_for(5ms);
  }
  CHECK(eventually([&] { return !waits(); }));
  block(other.get_future().share(), put);
  CHECK(eventually(waits));
  one.set_value();
  CHECK(eventually([&] { return !waits(); }));
  other.set_value();
}

TEST_CASE("of the services' own threads, the one that is free counts") {
  engine with(1);
  auto& watch = with.workers();
  std::promise<void> one, other;
  const auto waits = [&] { return watch.look(actor::now()) > 100ms; };
  auto first = std::make_unique<dedicated_thread>(with.system(), watch);
  auto second = std::make_unique<dedicated_thread>(with.system(), watch);
  block(one.get_future().share(), [&](caf::resumable* job) { first->exec_later(job); });
  for (int i = 0; i < 30; ++i) {
    (void)waits();
    std::this_thread::sleep_for(5ms);
  }
  CHECK(eventually([&] { return !waits(); }));
  block(other.get_future().share(), [&](caf::resumable* job) { second->exec_later(job); });
  CHECK(eventually(waits));
  other.set_value();
  second.reset();
  CHECK(eventually(waits));  // now the first is all there is
  one.set_value();
  CHECK(eventually([&] { return !waits(); }));
}
