// What may be tuned in choosing a replica: the weights of the score, how fast evidence fades, and when a
// replica is ejected. Every default is from balancing research cited beside the formula that uses it. What
// each option is, and its bounds, stands in the lists.
#pragma once

#include <cstdint>

#include <troupe/base/option_list.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

namespace troupe::balance {

/// The w_i of S = sum of w_i * s_i. Each s_i is described in score.hpp. `barred` outweighs the sum of the
/// others, so that a barred replica is only taken when all are; keep it so.
struct weights {
  double barred = 16;
  double unseen = 8;
  double cost = 1;
  double load = .1875;
  double zone = .125;
  double affinity = .5;
  double suspected = 1;

  static option_list<weights> list();
};

/// When a replica is taken out, and for how long. Envoy's outlier detection is the model, except that silence
/// counts and that nobody is ejected when most would be.
struct ejection_options {
  std::uint32_t failures_max = 5;  // higher: slower to notice, fewer false alarms
  std::uint32_t requests_min = 20;
  double success_min = .8;
  double sigmas = 1.9;
  std::uint32_t silent_in_flight_min = 3;
  duration silence_min = 500ms;
  double slow_factor = 10;
  duration first = 1s;
  duration longest = 30s;
  double jitter = .2;  // routers do not return in step

  static option_list<ejection_options> list();
};

struct options {
  weights weight;
  ejection_options ejection;
  // Differences well below it are the machine's (a cold cache, a wake-up), not the replica's, and choosing by
  // them would starve whoever is idle.
  duration cost_floor = 4ms;
  duration latency_decay = 3s;
  duration success_half_life = 10s;
  duration doubt = 10s;
  double success_prior = 2;
  duration score_age = 5ms;  // lower: costlier picks
  double probes_per_call = .5;
  duration bounce_cost = 500us;
  double tie = .02;
  duration warm_up = 3s;
  double affinity_load_max = 1.25;

  static option_list<options> list();
  /// Errors: invalid_argument naming the option, its value and its bounds.
  result<void> validate() const;
};

}  // namespace troupe::balance
