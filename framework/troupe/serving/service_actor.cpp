#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include <troupe/actor/clock.hpp>
#include <troupe/serving/incoming_request.hpp>
#include <troupe/serving/service_actor.hpp>
#include <troupe/transport/event_loop.hpp>

namespace troupe::serving {

namespace {

// Then those who share its thread have theirs, and what has come meanwhile is looked at.
constexpr duration turn_lasts = 1ms;

using queued_request = std::unique_ptr<actor::queued_request, actor::hand_back>;

}  // namespace

service_actor::service_actor(caf::actor_config& config, caf::execution_unit* where,
                             request_handler_factory make, service_gauges& gauges,
                             std::shared_ptr<actor::turn_queue> queue, transport::event_loop* loop)
    : actor::bound_actor(config, where),
      make_(std::move(make)),
      gauges_(gauges),
      queue_(std::move(queue)),
      loop_(loop) {}

void service_actor::begin() {
  const actor::turn_queue::scope here(queue_);
  handler_ = make_();
  queue_->items().open(waker());
}

void service_actor::turn() {
  const actor::turn_queue::scope here(queue_);
  queue_->items().take(taken_);
  auto now = actor::now();
  const auto until = now + turn_lasts;
  for (auto& what : taken_) now = go_on(what, now);
  for (std::size_t i = 0; i < taken_.size(); ++i)
    if (auto* const queued = std::get_if<queued_request>(&taken_[i]))
      now = take(request_ptr(static_cast<incoming_request*>(queued->release())), i + 1 < taken_.size(), until,
                 now);
  taken_.clear();
  while (!line_.empty()) {  // one at least, however long the others took
    now = begin_next(now);
    if (now >= until) break;
  }
  gauges_.longest_wait.store(std::exchange(longest_wait_, duration{0}), std::memory_order_relaxed);
  if (!line_.empty()) turn_again();
  if (loop_ != nullptr) loop_->flush();
}

time_point service_actor::go_on(actor::turn_queue::item& what, time_point now) {
  if (auto* const call = std::get_if<std::shared_ptr<actor::returned_call>>(&what)) {
    auto& returned = **call;
    returned.resume(std::move(*call));
  } else if (auto* const continuation = std::get_if<std::function<void()>>(&what)) {
    std::exchange(*continuation, nullptr)();
  } else {
    return now;
  }
  const auto after = actor::now();
  handler_->reap(after);
  return after;
}

time_point service_actor::take(request_ptr request, bool others, time_point until, time_point now) {
  const auto how = request->waiting();
  const auto at_once = now < until ? line_.turn_at_once(how, others, gauges_.usual, now) : std::nullopt;
  if (at_once) return begin(std::move(request), *at_once, now);
  line_.add(std::move(request), how);
  return now;
}

time_point service_actor::begin_next(time_point now) {
  auto [request, what] = line_.call(gauges_.usual, now);
  return begin(std::move(request), what, now);
}

time_point service_actor::begin(request_ptr request, const admission::turn& what, time_point now) {
  longest_wait_ = std::max(longest_wait_, what.longest_wait);
  return request->take_turn(what, now) ? handler_->start(std::move(request)) : now;
}

void service_actor::on_exit() {
  const actor::turn_queue::scope here(queue_);
  // In this order: requests that wait go back unexecuted, then those that were begun are given up.
  line_.take_all().clear();
  auto waiting = queue_->items().close();
  waiting.clear();
  taken_.clear();
  handler_.reset();
  if (loop_ != nullptr) loop_->flush();
}

}  // namespace troupe::serving
