#include <algorithm>
#include <utility>

#include <troupe/membership/event_history.hpp>

namespace troupe::membership {

void event_history::note(const membership::event& what, std::string accuser, time_point now) {
  const auto services = what.subject.document.services.size();
  past_event fresh{++last_, now, what.kind, what.subject, services, std::move(accuser)};
  fresh.subject.document.services.clear();
  if (kept_.size() == events_max) kept_.pop_front();
  kept_.push_back(std::move(fresh));
}

std::vector<past_event> event_history::after(std::uint64_t number) const {
  const auto first = std::find_if(kept_.begin(), kept_.end(),
                                  [number](const past_event& one) { return one.number > number; });
  return {first, kept_.end()};
}

}  // namespace troupe::membership
