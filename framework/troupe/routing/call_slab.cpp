#include <troupe/routing/call_slab.hpp>

namespace troupe::routing {

call_slab::call_slab(std::uint32_t calls_max) : calls_max_(calls_max) { calls_.emplace_back(); }

void call_slab::renew(std::uint32_t slot) {
  call_state& call = calls_[slot];
  const std::uint64_t generation = (call.id.value >> slot_bits) + 1;
  call.id = {generation << slot_bits | slot};
  call.wake = never;
  call.outstanding = call.failovers = call.unsent = call.excused = 0;
  call.bounced = false;
  call.free = call_state::free_failover::unused;
  call.backup = call_state::backup::none;
  call.hedge = call_state::hedge::none;
  call.advice = rpc::advice::may_retry;
  call.marks = 0;
  call.records.clear();
  call.states.clear();
}

call_state* call_slab::acquire() {
  std::uint32_t slot = 0;
  if (!free_.empty()) {
    slot = free_.back();
    free_.pop_back();
  } else if (calls_.size() < calls_max_) {
    slot = size();
    calls_.emplace_back();
    free_.reserve(calls_.capacity());
  } else {
    return nullptr;
  }
  renew(slot);
  ++live_;
  calls_[slot].phase = phase::parked;
  return &calls_[slot];
}

call_state& call_slab::refuse() {
  renew(0);
  return calls_[0];
}

void call_slab::release(call_state& call) {
  TROUPE_INVARIANT(call.phase != phase::ended && call.outstanding == 0);
  call.phase = phase::ended;
  --live_;
  free_.push_back(slot_of(call.id));
}

}  // namespace troupe::routing
