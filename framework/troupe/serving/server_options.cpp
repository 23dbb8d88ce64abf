#include <array>

#include <troupe/serving/server_options.hpp>

namespace troupe::serving {

namespace {

constexpr double tebibyte = 1099511627776;

constexpr std::array all = {
    option_of<&server_options::links_max>("links_max", between(1, 1'000'000),
                                          "Inbound links at once; one more is closed at once."),
    option_of<&server_options::request_bytes_max>("request_bytes_max",
                                                  between(64 << 10, tebibyte).in("bytes"),
                                                  "Of requests admitted and not yet answered, over all "
                                                  "services; beyond it requests are refused."),
    option_of<&server_options::hello_within>("hello_within", between(10ms, 10min),
                                             "A link that has not said hello by then is closed."),
    option_of<&server_options::idle_max>("idle_max", between(100ms, 24h),
                                         "A link that says nothing for this long is closed."),
};
static_assert(covers<server_options>(all));

}  // namespace

option_list<server_options> server_options::list() { return {"server", all}; }

}  // namespace troupe::serving
