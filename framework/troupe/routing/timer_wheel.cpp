#include <algorithm>
#include <bit>

#include <troupe/routing/timer_wheel.hpp>

namespace troupe::routing {

namespace {

std::int64_t floor_tick(time_point at) {
  const auto since = at.time_since_epoch();
  return since / timer_wheel::tick - (since % timer_wheel::tick < duration{0} ? 1 : 0);
}

}  // namespace

timer_wheel::timer_wheel(time_point now) : current_(floor_tick(now)) { heads_.fill(nil); }

void timer_wheel::arm(std::uint32_t index, time_point due) {
  if (index >= timers_.size()) timers_.resize(std::max<std::size_t>(index + 1, timers_.size() * 2));
  if (timers_[index].tick >= 0) unlink(index);
  const std::int64_t rounded = due == never ? floor_tick(due) : floor_tick(due + (tick - duration{1}));
  const std::int64_t at = std::max(rounded, current_ + 1);
  const std::uint32_t slot = slot_of(at);
  timers_[index] = {nil, heads_[slot], at};
  if (heads_[slot] != nil) timers_[heads_[slot]].previous = index;
  heads_[slot] = index;
  filled_[slot / 64] |= std::uint64_t{1} << (slot % 64);
  filled_words_ |= std::uint64_t{1} << (slot / 64);
}

void timer_wheel::disarm(std::uint32_t index) {
  if (index < timers_.size() && timers_[index].tick >= 0) unlink(index);
}

void timer_wheel::unlink(std::uint32_t index) {
  timer& armed = timers_[index];
  const std::uint32_t slot = slot_of(armed.tick);
  if (armed.next != nil) timers_[armed.next].previous = armed.previous;
  if (armed.previous != nil) {
    timers_[armed.previous].next = armed.next;
  } else {
    heads_[slot] = armed.next;
    if (armed.next == nil) {
      filled_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
      if (filled_[slot / 64] == 0) filled_words_ &= ~(std::uint64_t{1} << (slot / 64));
    }
  }
  armed = timer{};
}

std::int64_t timer_wheel::next_tick() const {
  if (filled_words_ == 0) return -1;
  const std::uint32_t first = slot_of(current_ + 1);
  const std::uint32_t word = first / 64;
  std::uint32_t found = 0;
  if (const std::uint64_t here = filled_[word] >> (first % 64); here != 0) {
    found = first + static_cast<std::uint32_t>(std::countr_zero(here));
  } else {
    // Rotated so that the word after this one is bit 0; this word's own lower bits come last.
    const auto rotated = std::rotr(filled_words_, static_cast<int>((word + 1) % 64));
    const std::uint32_t other = (word + 1 + static_cast<std::uint32_t>(std::countr_zero(rotated))) % words;
    found = other * 64 + static_cast<std::uint32_t>(std::countr_zero(filled_[other]));
  }
  return current_ + 1 + ((found + slots - first) % slots);
}

time_point timer_wheel::next_deadline() const {
  const std::int64_t next = next_tick();
  return next < 0 ? never : time_point{next * tick};
}

void timer_wheel::sweep(std::uint32_t slot, std::int64_t until, std::vector<std::uint32_t>& due) {
  for (std::uint32_t index = heads_[slot]; index != nil;) {
    const std::uint32_t next = timers_[index].next;
    if (timers_[index].tick <= until) {
      unlink(index);
      due.push_back(index);
    }
    index = next;
  }
}

void timer_wheel::advance(time_point now, std::vector<std::uint32_t>& due) {
  const std::int64_t target = floor_tick(now);
  const std::int64_t passes = target - current_;
  if (passes >= slots) {  // a whole turn and more: every slot once
    for (std::uint32_t slot = 0; slot < slots; ++slot)
      if (heads_[slot] != nil) sweep(slot, target, due);
    current_ = target;
    return;
  }
  while (current_ < target) {
    const std::int64_t next = next_tick();
    if (next < 0 || next > target) break;
    current_ = next;
    sweep(slot_of(next), target, due);
  }
  current_ = std::max(current_, target);
}

}  // namespace troupe::routing
