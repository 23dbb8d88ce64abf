#include <algorithm>
#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/calling/router_port.hpp>

namespace troupe::calling {

namespace {

// "No limit" as people write it, duration::max(), must not overflow when it is added to a time.
duration bounded(duration wait) { return std::clamp<duration>(wait, duration::zero(), 24h); }

}  // namespace

void router_port::submit(call_ptr call) {
  call->started = actor::now();
  call->deadline = std::min(call->started + bounded(call->traits.timeout), call->not_after);
  item wrapped = std::move(call);
  if (inbox_.put(wrapped)) return;
  auto& refused = std::get<call_ptr>(wrapped);
  refused->fail(stopped_failure(*refused));
  // There is no event loop any more to run a continuation on; and run here, one that makes the next call
  // whatever became of the last would never come back.
  if (!refused->home) refused->done = nullptr;
  outgoing_call::finish(std::move(refused));
}

void router_port::after(duration wait, std::shared_ptr<actor::turn_queue> home, std::function<void()> what) {
  inbox_.post(later{actor::now() + bounded(wait), std::move(home), std::move(what)});
}

void router_port::local_answer(wire::frame answer) { inbox_.post(std::move(answer)); }

call_error stopped_failure(const outgoing_call& call) {
  return call.failure(code::unavailable, "this node has stopped");
}

}  // namespace troupe::calling
