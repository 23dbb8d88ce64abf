// What a node says of its own condition: how far its workers lag, and whom it loses packets to. Each change
// raises its incarnation, and so costs the whole cluster a telling: it says so only now and then.
#pragma once

#include <cstdint>
#include <vector>

#include <troupe/base/alarms.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/options.hpp>

namespace troupe::membership {

struct step;

class self_report {
 public:
  /// What is to be said first may be said at once.
  self_report(const options& settings, time_point now) : restated_(now - settings.restate_interval) {}

  /// To be told with the next `restate`. Clamped to 0 to `worker_lag_max`.
  void set_worker_lag(int level);
  /// Says what is true now, unless it has just said something else: then `next_deadline` is when to come
  /// again. `lossy` as loss_watch sees it. A node that has left says nothing.
  void restate(const std::vector<node_id>& lossy, const step& at);
  bool is_due(time_point now) const { return alarms_.due(alarm::restate, now); }
  time_point next_deadline() const { return alarms_.next(); }

 private:
  enum class alarm : std::uint8_t { restate, count };

  std::uint8_t worker_lag_ = 0;
  time_point restated_;
  alarms<alarm> alarms_;
};

}  // namespace troupe::membership
