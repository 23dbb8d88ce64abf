#include <algorithm>

#include <troupe/retry/budget.hpp>

namespace troupe::retry {

budget::budget(const budget_terms& terms, time_point now)
    : terms_(terms), tokens_(terms.initial), counted_(now) {}

double budget::balance(time_point now) const {
  const double passed = std::max(0., to_seconds(now - counted_));
  const double memory = to_seconds(terms_.memory);
  // Whoever hardly calls may repeat as well: time grants one at least.
  const double granted = terms_.per_second > 0 ? std::max(1., memory * terms_.per_second) : 0;
  const double quiet = std::min(terms_.most, granted);
  if (tokens_ <= quiet) return std::min(quiet, tokens_ + passed * terms_.per_second);
  return quiet + (tokens_ - quiet) / (1 + passed / memory);
}

void budget::pass(time_point now) {
  tokens_ = balance(now);
  counted_ = std::max(counted_, now);
}

void budget::earn(time_point now) {
  pass(now);
  tokens_ = std::min(terms_.most, tokens_ + terms_.per_call);
}

bool budget::spend(time_point now) {
  pass(now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

}  // namespace troupe::retry
