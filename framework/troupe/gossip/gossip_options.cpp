#include <array>

#include <troupe/gossip/gossip_options.hpp>

namespace troupe::gossip {

namespace {

constexpr std::array all = {
    option_of<&asking_periods::resolve_period>(
        "resolve_period", between(1s, 1h),
        "How often names are resolved again, while there are seeds that "
        "are names."),
    option_of<&asking_periods::observe_period>("observe_period", between(10ms, 1min),
                                               "How often an observer asks a member for what it knows."),
};
static_assert(covers<asking_periods>(all));

}  // namespace

option_list<asking_periods> asking_periods::list() { return {"gossip", all}; }

}  // namespace troupe::gossip
