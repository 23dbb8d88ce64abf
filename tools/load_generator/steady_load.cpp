#include "steady_load.hpp"

#include <algorithm>
#include <chrono>

#include <troupe/actor/clock.hpp>

namespace troupe::load {

namespace {

constexpr auto pace = std::chrono::milliseconds(1);
constexpr duration patience_at_end = std::chrono::seconds(10);

}  // namespace

steady_load::steady_load(double per_second, maker make)
    : per_second_(per_second),
      make_(std::move(make)),
      records_(std::make_shared<recorder>()),
      thread_([this] { run(); }) {}

steady_load::~steady_load() {
  stop_sending();
  (void)drained(patience_at_end);
}

void steady_load::stop_sending() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

bool steady_load::drained(duration patience) const {
  const auto limit = actor::now() + patience;
  while (records_->ended() < sent_.load()) {
    if (actor::now() > limit) return false;
    std::this_thread::sleep_for(pace);
  }
  return true;
}

void steady_load::run() {
  const auto begun = actor::now();
  const auto gap = from_seconds(1 / per_second_);
  for (std::uint64_t number = 0; !stopping_;) {
    const auto due = begun + gap * static_cast<duration::rep>(number);
    if (due > actor::now()) {
      std::this_thread::sleep_for(std::min<duration>(due - actor::now(), pace));
      continue;
    }
    ++sent_;
    make_(number++, [records = records_, due](troupe::code code, const std::string& text) {
      records->add({due, actor::now() - due, code}, text);
    });
  }
}

}  // namespace troupe::load
