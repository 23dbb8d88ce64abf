#include <algorithm>
#include <array>
#include <cstdio>

#include <troupe/balance/policy.hpp>
#include <troupe/base/hash.hpp>
#include <troupe/routing/attempt_text.hpp>
#include <troupe/routing/recent_calls.hpp>

namespace troupe::routing {

namespace {

constexpr std::uint64_t sample_mask = 63;

std::string two_digits(double score) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", score);
  return text.data();
}

}  // namespace

std::string recent_call::why_chosen(std::size_t attempt) const {
  const remembered_attempt& it = tries[attempt];
  if (pinned) return "the call was pinned to it";
  if (it.candidates == 1) return "nobody else could take it";
  if (it.candidates == 0) return "by " + policy;
  const std::string many = std::to_string(it.candidates);
  if (policy != to_string(balance::policy_kind::dynamic_score)) return policy + " among " + many;
  if (it.record.score < 0) return "on trial, as little is known of it, among " + many;
  const std::string next = it.runner_up > 0 ? ", next " + two_digits(it.runner_up) : "";
  // Scores next to the lowest share its calls.
  const bool lowest = it.runner_up <= 0 || it.record.score <= it.runner_up;
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

bool recent_calls::is_sampled(call_id call) { return (mix(call.value) & sample_mask) == 0; }

recent_call& recent_calls::add(recent_call::reason why) {
  ring& of = rings_[static_cast<std::size_t>(why)];
  if (of.calls.size() < kept_max) {
    of.calls.emplace_back();
    of.next = of.calls.size() % kept_max;
    of.calls.back().kept_for = why;
    of.calls.back().order = ++added_;
    return of.calls.back();
  }
  recent_call& it = of.calls[of.next];
  of.next = (of.next + 1) % kept_max;
  it.kept_for = why;
  it.order = ++added_;
  return it;
}

const recent_call* recent_calls::find(call_id call) const {
  for (const ring& of : rings_)
    for (const recent_call& it : of.calls)
      if (it.id == call) return &it;
  return nullptr;
}

std::vector<const recent_call*> recent_calls::list(std::string_view service, std::size_t most) const {
  std::vector<const recent_call*> found;
  for (const ring& of : rings_)
    for (const recent_call& it : of.calls)
      if (service.empty() || it.service == service) found.push_back(&it);
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->order > b->order; });
  if (found.size() > most) found.resize(most);
  return found;
}

}  // namespace troupe::routing
