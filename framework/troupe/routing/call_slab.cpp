#include <troupe/routing/call_slab.hpp>

namespace troupe::routing {

std::uint32_t call::reached() const {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < records.size(); ++i) sum += counts(i) ? 1 : 0;
  return sum;
}

call_slab::call_slab(std::uint32_t calls_max) : calls_max_(calls_max) { calls_.emplace_back(); }

void call_slab::renew(std::uint32_t slot) {
  call& it = calls_[slot];
  const std::uint64_t generation = (it.id.value >> slot_bits) + 1;
  it.id = {generation << slot_bits | slot};
  it.wake = never;
  it.outstanding = it.failovers = it.unsent = it.excused = 0;
  it.bounced = false;
  it.free = call::free_failover::unused;
  it.backup = call::backup::none;
  it.hedge = call::hedge::none;
  it.advice = rpc::advice::may_retry;
  it.marks = 0;
  it.records.clear();
  it.states.clear();
}

call* call_slab::acquire() {
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

call& call_slab::refuse() {
  renew(0);
  return calls_[0];
}

void call_slab::release(call& it) {
  TROUPE_INVARIANT(it.phase != phase::ended && it.outstanding == 0);
  it.phase = phase::ended;
  --live_;
  free_.push_back(slot_of(it.id));
}

const call* call_slab::find_ended(call_id id) const {
  const std::uint32_t slot = slot_of(id);
  return slot < calls_.size() && calls_[slot].id == id ? &calls_[slot] : nullptr;
}

const call* call_slab::find(call_id id) const {
  const call* it = find_ended(id);
  return it != nullptr && it->phase != phase::ended ? it : nullptr;
}

call* call_slab::find(call_id id) { return const_cast<call*>(static_cast<const call_slab*>(this)->find(id)); }

}  // namespace troupe::routing
