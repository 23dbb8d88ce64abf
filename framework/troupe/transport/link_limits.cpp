#include <array>

#include <troupe/transport/link_limits.hpp>

namespace troupe::transport {

namespace {

constexpr double gibibyte = 1 << 30;

constexpr std::array all = {
    option_of<&link_limits::high_water>("high_water", between(4096, 4 * gibibyte).in("bytes"),
                                        "Waiting for the kernel on one link, from which it takes no more "
                                        "frames."),
    option_of<&link_limits::low_water>("low_water", between(0, 4 * gibibyte).in("bytes"),
                                       "At which a congested link takes frames again; below high_water."),
};
static_assert(covers<link_limits>(all, 1));  // frames

}  // namespace

option_list<link_limits> link_limits::list() { return {"links", all}; }

result<void> link_limits::validate() const {
  if (auto sound = wire::frame_limits::list().check(frames); !sound) return sound;
  if (auto sound = list().check(*this); !sound) return sound;
  if (low_water >= high_water)
    return {code::invalid_argument, "links.low_water must be below links.high_water"};
  return {};
}

}  // namespace troupe::transport
