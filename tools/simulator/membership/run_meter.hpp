// What is measured in a run: the cluster looked at once a second, and the figures at the end, by the names
// that scenario files give them. It only looks on, and has one core's calls recorded if their cost is a
// figure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cluster.hpp"
#include "play.hpp"
#include "scenario.hpp"

namespace troupe::simulator {

class run_meter {
 public:
  /// REQUIRES: both outlive it.
  run_meter(const cluster_scenario& what, cluster& all);

  /// Nodes that started one by one all agree.
  void formed();
  /// They all run, whether they agree or not: what that has cost so far.
  void started();
  /// From now on the scenario's times count.
  void begin();
  /// When the first fault comes; what happened before has no part in the news.
  time_point measured_from() const { return measured_from_; }

  /// So many faults befall packets from now on.
  void troubles(std::size_t active) { troubles_ = active; }
  /// From now on this node loses packets, and is to be known as degraded.
  void suffers(std::uint32_t node);
  time_point next_sample() const { return next_second_; }
  /// REQUIRES: it is the time for the next sample.
  void sample();
  std::size_t seconds() const { return over_time_.size(); }
  /// All views agree, for the first time since then.
  void converged(time_point since);

  /// Figures, samples and seconds; once. `calm` is when the last fault ended.
  cluster_outcome conclude(time_point calm);

 private:
  bool wants(const char* figure) const;
  std::uint32_t running() const;
  std::uint64_t total_bytes() const;
  void sample_degraded();
  void sample_agreement();
  void sample_state();
  void add_news();
  void add_traffic(time_point calm);

  const cluster_scenario& what_;
  cluster& all_;
  time_point begun_;
  time_point measured_from_{};
  std::size_t troubles_ = 0;
  std::map<std::uint32_t, time_point> suffering_;  // since when, until it is known to be degraded
  cluster::counters at_mark_;
  std::uint64_t second_mark_ = 0;
  time_point next_second_{}, next_agreement_{};
  std::vector<second> over_time_;
  std::vector<double> agreed_, peaks_;
  std::map<std::string, double> figures_;
  std::map<std::string, std::vector<double>> samples_;
};

}  // namespace troupe::simulator
