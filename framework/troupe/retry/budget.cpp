#include <algorithm>

#include <troupe/retry/budget.hpp>

namespace troupe::retry {

budget::budget(const options& settings, time_point now)
    : settings_(&settings), tokens_(settings.budget_initial), counted_(now) {}

double budget::balance(time_point now) const {
  const double passed = std::max(0., to_seconds(now - counted_));
  return std::min(settings_->budget_max, tokens_ + passed * settings_->budget_per_second);
}

void budget::pass(time_point now) {
  tokens_ = balance(now);
  counted_ = std::max(counted_, now);
}

void budget::earn(time_point now) {
  pass(now);
  tokens_ = std::min(settings_->budget_max, tokens_ + settings_->budget_per_call);
}

bool budget::spend(time_point now) {
  pass(now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

}  // namespace troupe::retry
