#include <algorithm>
#include <array>
#include <cstdio>

#include <troupe/balance/policy.hpp>
#include <troupe/routing/attempt_text.hpp>
#include <troupe/routing/recent_calls.hpp>

namespace troupe::routing {

namespace {

std::string two_digits(double score) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", score);
  return text.data();
}

}  // namespace

std::string recent_call::why_chosen(std::size_t attempt) const {
  const remembered_attempt& tried = tries[attempt];
  if (pinned) return "the call was pinned to it";
  if (tried.candidates == 1) return "nobody else could take it";
  if (tried.candidates == 0) return "by " + policy;
  const std::string many = std::to_string(tried.candidates);
  if (policy != to_string(balance::policy_kind::dynamic_score)) return policy + " among " + many;
  if (tried.record.score < 0) return "on trial, as little is known of it, among " + many;
  const std::string next = tried.runner_up > 0 ? ", next " + two_digits(tried.runner_up) : "";
  // Scores next to the lowest share its calls.
  const bool lowest = tried.runner_up <= 0 || tried.record.score <= tried.runner_up;
  return (lowest ? "lowest of " : "next to the lowest of ") + many + " scores" + next;
}

std::string recent_call::what_followed(std::size_t attempt) const {
  const attempt_record* next = attempt + 1 < count ? &tries[attempt + 1].record : nullptr;
  return sequel_text(tries[attempt].record, next, safety);
}

std::string_view to_string(recent_call::reason value) {
  switch (value) {
    case recent_call::reason::failed:
      return "failed";
    case recent_call::reason::repeated:
      return "took several attempts";
    case recent_call::reason::declined:
      return "answered with an error";
    case recent_call::reason::slow:
      return "slow";
    case recent_call::reason::sampled:
      return "one in 64";
  }
  return "?";
}

recent_call& recent_calls::add(recent_call::reason why) {
  circle& kept = circles_[static_cast<std::size_t>(why)];
  if (kept.calls.size() < kept_max) kept.calls.emplace_back();
  recent_call& place = kept.calls[kept.next];
  kept.next = (kept.next + 1) % kept_max;
  place.kept_for = why;
  place.order = ++added_;
  return place;
}

const recent_call* recent_calls::find(call_id call) const {
  for (const circle& kept : circles_)
    for (const recent_call& each : kept.calls)
      if (each.id == call) return &each;
  return nullptr;
}

std::vector<const recent_call*> recent_calls::list(std::string_view service, std::size_t most) const {
  std::vector<const recent_call*> found;
  for (const circle& kept : circles_)
    for (const recent_call& each : kept.calls)
      if (service.empty() || each.service == service) found.push_back(&each);
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->order > b->order; });
  if (found.size() > most) found.resize(most);
  return found;
}

}  // namespace troupe::routing
