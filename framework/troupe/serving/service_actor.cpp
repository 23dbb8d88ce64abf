#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/serving/incoming_request.hpp>
#include <troupe/serving/service_actor.hpp>
#include <troupe/transport/event_loop.hpp>

namespace troupe::serving {

namespace {

template <class... Cases>
struct overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
overloaded(Cases...) -> overloaded<Cases...>;

}  // namespace

service_actor::service_actor(caf::actor_config& config, caf::execution_unit* where,
                             request_handler_factory make, std::shared_ptr<actor::turn_queue> queue,
                             transport::event_loop* loop)
    : actor::bound_actor(config, where), make_(std::move(make)), queue_(std::move(queue)), loop_(loop) {}

void service_actor::begin() {
  const actor::turn_queue::scope here(queue_);
  handler_ = make_();
  queue_->items().open(waker());
}

void service_actor::turn() {
  const actor::turn_queue::scope here(queue_);
  queue_->items().take(taken_);
  auto now = actor::now();
  for (auto& what : taken_) now = take(what, now);
  taken_.clear();
  if (loop_ != nullptr) loop_->flush();
}

time_point service_actor::take(actor::turn_queue::item& what, time_point now) {
  const auto resumed = [this] {
    const auto after = actor::now();
    handler_->reap(after);
    return after;
  };
  return std::visit(overloaded{
                        [&](std::unique_ptr<actor::queued_request, actor::hand_back>& queued) {
                          request_ptr request(static_cast<incoming_request*>(queued.release()));
                          // Out of time is dropped, not executed: the caller has gone on without it.
                          const bool in_time = !request->cancelled() && request->deadline() > now;
                          if (in_time && !request->gives_way())
                            return handler_->start(std::move(request), now);
                          if (!in_time)
                            request->fail(code::deadline_exceeded, "it was out of time before it was begun",
                                          incoming_request::executed::no);
                          request.reset();
                          return now;
                        },
                        [&](std::shared_ptr<actor::returned_call>& call) {
                          auto& returned = *call;
                          returned.resume(std::move(call));
                          return resumed();
                        },
                        [&](std::function<void()>& continuation) {
                          std::exchange(continuation, nullptr)();
                          return resumed();
                        },
                    },
                    what);
}

void service_actor::on_exit() {
  const actor::turn_queue::scope here(queue_);
  // In this order: requests that wait go back unexecuted, then those that were begun are given up.
  auto waiting = queue_->items().close();
  waiting.clear();
  taken_.clear();
  handler_.reset();
  if (loop_ != nullptr) loop_->flush();
}

}  // namespace troupe::serving
