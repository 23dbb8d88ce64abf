#include <troupe/routing/call_state.hpp>

namespace troupe::routing {

std::uint32_t call_state::reached() const {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < records.size(); ++i) sum += counts(i) ? 1 : 0;
  return sum;
}

std::size_t call_state::open(const balance::choice& picked, node_id node, time_point now) {
  // So a call may go on trying until its deadline with four bits of attempt number.
  if (!records.empty() && !counts(records.size() - 1) &&
      records.size() - reached() >= uncounted_recorded_max) {
    records.pop_back();
    states.pop_back();
  }
  TROUPE_INVARIANT(records.size() < attempts_recorded_max);
  attempt_record& record = records.emplace_back();
  record.node = node;
  record.score = picked.score;
  record.started = record.ended = now;
  record.fate = retry::fate::lost;  // until something better is known, it may have been executed
  states.push_back({picked, true, {}});
  marks |= mark_of(node);
  ++outstanding;
  return records.size() - 1;
}

}  // namespace troupe::routing
