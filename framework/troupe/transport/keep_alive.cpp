#include <array>

#include <troupe/transport/keep_alive.hpp>

namespace troupe::transport {

namespace {

constexpr std::array all = {
    option_of<&keep_alive_options::interval>("interval", between(10ms, 1min),
                                             "Nothing heard on a link for this long: a ping goes out."),
    option_of<&keep_alive_options::patience>("patience", between(10ms, 1min),
                                             "A ping unanswered for this long: the peer is silent."),
    option_of<&keep_alive_options::give_up>(
        "give_up", at_least(10ms), "Silent for this long: the link is given up; not below patience."),
};
static_assert(covers<keep_alive_options>(all));

}  // namespace

option_list<keep_alive_options> keep_alive_options::list() { return {"keep_alive", all}; }

result<void> keep_alive_options::validate() const {
  if (auto sound = list().check(*this); !sound) return sound;
  if (give_up < patience)
    return option_error("keep_alive.give_up", format_duration(give_up),
                        "at least keep_alive.patience, " + format_duration(patience));
  return {};
}

}  // namespace troupe::transport
