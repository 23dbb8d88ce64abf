#include <algorithm>
#include <cstdint>

#include <sys/timerfd.h>
#include <unistd.h>

#include <troupe/transport/timer.hpp>

namespace troupe::transport {

timer::timer(event_loop& loop, std::function<void()> rings)
    : event_handler(loop.backend(), ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      loop_(loop),
      rings_(std::move(rings)) {
  TROUPE_INVARIANT(fd() >= 0);  // this process has no file descriptors left (ulimit -n)
}

void timer::stop() {
  if (stopped_) return;
  stopped_ = true;
  state_.reading = false;
  passivate();
}

void timer::ring_by(time_point when) {
  if (stopped_ || when >= armed_) return;
  armed_ = when;
  // Zero would disarm it: a time in the past is the first nanosecond of the machine's life.
  const auto nanos = std::max<duration::rep>(when.time_since_epoch().count(), 1);
  itimerspec spec{};
  spec.it_value.tv_sec = nanos / 1'000'000'000;
  spec.it_value.tv_nsec = nanos % 1'000'000'000;
  ::timerfd_settime(fd(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

void timer::handle_event(caf::io::network::operation what) {
  if (stopped_ || what != caf::io::network::operation::read) return;
  std::uint64_t times = 0;
  if (::read(fd(), &times, sizeof times) != sizeof times) return;
  armed_ = never;
  rings_();
  loop_.flush();
}

}  // namespace troupe::transport
