#include <troupe/serving/caller.hpp>

namespace troupe::serving {

std::uint32_t& caller::in_flight_of(const hosted_service* service) {
  for (auto& each : shares_)
    if (each.of == service) return each.in_flight;
  return shares_.emplace_back(share{service, 0}).in_flight;
}

void caller::cancel(attempt_id attempt) const {
  if (auto* const request = under_way.find(attempt)) request->cancel();
}

void caller::cut() {
  while (auto* const request = under_way.take_one()) {
    request->cancel();
    request->notes.from = nullptr;
  }
}

}  // namespace troupe::serving
