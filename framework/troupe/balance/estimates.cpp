#include <troupe/balance/estimates.hpp>

namespace troupe::balance {

score_inputs estimates::inputs(replica_index i) const {
  const bool suspected = everyone_->is(i, standing::suspected);
  return {.barred = is_barred(i),
          .unproven = is_unseen(i) && (suspected || own_in_flight(i) > 0),
          .cost = cost(i),
          .cost_median = now().cost_median,
          .cost_floor = to_seconds(settings_->cost_floor),
          .load = load(i),
          .capacity = capacity(i),
          .distance = everyone_->distance_to(i),
          .suspected = suspected,
          .degraded = everyone_->is(i, standing::degraded)};
}

float estimates::computed_score(replica_index i) const {
  return wants_trial(i) ? -1 : static_cast<float>(sum_of(settings_->weight, terms(i)));
}

}  // namespace troupe::balance
