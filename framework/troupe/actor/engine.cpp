#include <caf/atom.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>

#include <troupe/actor/engine.hpp>
#include <troupe/base/result.hpp>

namespace troupe::actor {

namespace {

// Bounded, so that a busy actor on the event loop does not keep the sockets waiting: CAF's default is not.
constexpr std::size_t messages_per_resume = 50;

}  // namespace

engine::engine(std::size_t pool_threads) {
  config_.load<caf::io::middleman>();
  // Stealing polls: 60 to 130 us for a round trip between actors, against 8 to 9 us with sharing.
  config_.set("scheduler.policy", caf::atom("sharing"));
  config_.set("scheduler.max-threads", pool_threads);
  config_.set("scheduler.max-throughput", messages_per_resume);
  // CAF's own remote actors are not used: no threads for them.
  config_.set("middleman.workers", std::size_t{0});
  config_.set("middleman.attach-utility-actors", true);
  system_ = std::make_unique<caf::actor_system>(config_);
  auto* backend = dynamic_cast<transport::event_loop::backend_type*>(&system_->middleman().backend());
  TROUPE_INVARIANT(backend != nullptr);
  loop_ = std::make_unique<transport::event_loop>(*backend);
  workers_ = std::make_unique<worker_watch>(*system_);
}

void engine::wait_for_end(const std::vector<caf::actor>& actors) {
  caf::scoped_actor waiter{*system_};
  waiter->wait_for(actors);
}

engine::~engine() {
  system_.reset();
  loop_.reset();
}

}  // namespace troupe::actor
