// What may be tuned in choosing a replica: the weights of the score, how fast evidence fades, and when a
// replica is ejected. Every default is from balancing research cited beside the formula that uses it.
#pragma once

#include <cstdint>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

namespace troupe::balance {

/// The w_i of S = sum of w_i * s_i; all >= 0. Each s_i is described in score.hpp. `barred` outweighs the
/// sum of the others, so that a barred replica is only taken when all are; keep it so.
struct weights {
  double barred = 16;
  double unseen = 8;
  double cost = 1;
  double load = .1875;
  double zone = .125;
  double affinity = .5;
  double suspected = 1;
};

/// When a replica is taken out, and for how long. Envoy's outlier detection is the model, except that silence
/// counts and that nobody is ejected when most would be.
struct ejection_options {
  std::uint32_t failures_max = 5;          // in a row; >= 1. Higher: slower to notice, fewer false alarms
  std::uint32_t requests_min = 20;         // before a success rate means anything; >= 1
  double success_min = .8;                 // ejected only below this rate, in (0, 1]
  double sigmas = 1.9;                     // and only when this far below its peers; > 0
  std::uint32_t silent_in_flight_min = 3;  // calls that wait while it says nothing; >= 1
  duration silence_min = 500ms;            // and for at least this long (or 3 p99, when that is longer)
  double slow_factor = 10;                 // times the usual at its load, `failures_max` times in a row; > 1
  duration first = 1s;                     // doubled at each ejection that follows within `longest`
  duration longest = 30s;                  // >= first
  double jitter = .2;                      // of the time out, in [0, 1): routers do not return in step
};

struct options {
  weights weight;
  ejection_options ejection;
  // Added to every expected cost before costs are compared: differences well below it are the machine's (a
  // cold cache, a wake-up), not the replica's, and choosing by them would starve whoever is idle. >= 0.
  duration cost_floor = 4ms;
  duration latency_decay = 3s;       // peak-hold EWMA: how long a slow answer is remembered; > 0
  duration success_half_life = 10s;  // after which an outcome counts half; > 0
  // Where failures are rare, one makes the next calls go elsewhere for about so long; doubled for each that
  // follows without a success between. >= 0.
  duration doubt = 10s;
  double success_prior = 2;  // the mean of all counts as this many outcomes of each replica; > 0
  duration score_age =
      5ms;  // what changes with time alone may be so old in a score; > 0. Lower: costlier picks
  // Asks for a load report, beyond those in answers; in [0, 3]. 0: none. A request that bounces counts as
  // one.
  double probes_per_call = .5;
  // A request goes back from a replica that is fuller than was thought where that saves more than this, and
  // more than the way: what it costs the machines to send it twice. >= 0; hours: it never does.
  duration bounce_cost = 500us;
  double tie = .02;                 // scores this close to the lowest count as equal; in [0, 1)
  duration warm_up = 3s;            // from a quarter of its capacity to all of it, after a return; >= 0
  double affinity_load_max = 1.25;  // a key's owner keeps it up to this multiple of the mean load; > 1

  /// Errors: invalid_argument naming the option and its bound.
  result<void> validate() const;
};

}  // namespace troupe::balance
