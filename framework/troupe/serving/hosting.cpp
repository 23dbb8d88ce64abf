#include <array>

#include <troupe/serving/hosting.hpp>

namespace troupe {

namespace {

constexpr std::array placements = {
    option_choice{"event_loop", placement::event_loop},
    option_choice{"pool", placement::pool},
    option_choice{"thread", placement::thread},
};
constexpr std::array concurrencies = {
    option_choice{"fixed", concurrency::fixed},
    option_choice{"adaptive", concurrency::adaptive},
};

constexpr std::array all = {
    option_of<&hosting::runs_on>("runs_on", one_of(placements),
                                 "Which thread runs its turns: the event loop's, one of the pool, or one of "
                                 "its own."),
    option_of<&hosting::in_flight_max>("in_flight_max", between(1, 1'000'000).in("requests"),
                                       "Admitted and not yet answered; beyond it they are refused, "
                                       "unexecuted."),
    option_of<&hosting::concurrency>(
        "concurrency", one_of(concurrencies),
        "Who decides how many requests it holds: in_flight_max, or below it what "
        "it is seen to serve."),
    option_of<&hosting::weight>("weight", between(1, 10'000), "Static share for weighted policies."),
};
static_assert(covers<hosting>(all, 1));  // `as` says which service it is

}  // namespace

std::string_view to_string(placement value) {
  for (const auto& each : placements)
    if (each.value == static_cast<std::uint8_t>(value)) return each.name;
  return "unknown";
}

option_list<hosting> hosting::list() { return {"hosting", all}; }

}  // namespace troupe
