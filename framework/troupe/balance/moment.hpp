// What one pick needs to know of all replicas together: the yardstick that each of them is held against.
//
// What changes with every call is taken at every look; the medians, which need a pass over all replicas, are
// refreshed every 10 ms.
#pragma once

namespace troupe::balance {

struct moment {
  // --- At every look ---
  double seconds = 0;    // since the evidence began
  double load_mean = 0;  // of R_i
  double path = 0;       // of a round trip, what reports leave unexplained: the usual, s, signed

  // --- At every refresh ---
  double refreshed = 0;      // when, in the same seconds
  double report_fading = 0;  // 1 / tau of others' load
  double others_median = 0;
  double own_scale = 1;
  double service = 0;  // median over the replicas of their smoothed service time, s
  double weight = 1;   // of the method group: its requests take so much longer to serve than the mean request
  double base = 0;     // service * weight: what a request of the group takes to serve at a usual replica, s
  double penalty = 0;  // P: what a failure is charged, s
  double cost_median = 1;
  double cost_upper = 1;  // 75th percentile
  double success = 1;     // the mean of all
  double errors = 0;      // share of errors among the answers of a replica that has few of them
  double trust = 1;       // in differences of service time between the replicas, in [0, 1]
  double hot = 0;         // share of the replicas with more than one request waiting per worker
};

}  // namespace troupe::balance
