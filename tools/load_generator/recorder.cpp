#include "recorder.hpp"

#include <algorithm>

namespace troupe::load {

namespace {

constexpr std::size_t failures_kept = 5;

duration quantile(std::vector<duration>& sorted, double q) {
  if (sorted.empty()) return {};
  const auto index = static_cast<std::size_t>(q * static_cast<double>(sorted.size()));
  return sorted[std::min(index, sorted.size() - 1)];
}

}  // namespace

void recorder::add(const outcome& what, const std::string& failure_text) {
  const std::lock_guard lock(mutex_);
  outcomes_.push_back(what);
  if (what.code == code::ok) return;
  ++failed_;
  if (failures_.size() < failures_kept) failures_.push_back(failure_text);
}

summary recorder::over(time_point from, time_point to) const {
  summary result;
  std::vector<duration> times;
  {
    const std::lock_guard lock(mutex_);
    // Outcomes come in nearly in the order of their due times: those of a recent window are at the end.
    for (auto each = outcomes_.rbegin(); each != outcomes_.rend(); ++each) {
      if (each->due < from - std::chrono::seconds(5)) break;
      if (each->due < from || each->due >= to) continue;
      ++result.calls;
      if (each->code == code::ok)
        times.push_back(each->took);
      else
        ++result.failed;
    }
  }
  std::sort(times.begin(), times.end());
  result.p50 = quantile(times, .5);
  result.p99 = quantile(times, .99);
  result.p999 = quantile(times, .999);
  result.worst = times.empty() ? duration{} : times.back();
  if (to > from) result.per_second = static_cast<double>(result.calls) / to_seconds(to - from);
  return result;
}

std::uint64_t recorder::ended() const {
  const std::lock_guard lock(mutex_);
  return outcomes_.size();
}

std::uint64_t recorder::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

std::vector<std::string> recorder::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

}  // namespace troupe::load
