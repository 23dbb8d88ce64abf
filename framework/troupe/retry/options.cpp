#include <array>

#include <troupe/retry/options.hpp>

namespace troupe::retry {

namespace {

constexpr std::array all = {
    option_of<&options::attempts_max>("attempts_max", between(1, 8),
                                      "Attempts of one call that reached a replica, the first included."),
    option_of<&options::budget_per_call>("budget_per_call", between(0, 1).in("attempts"),
                                         "What each call earns for repeats."),
    option_of<&options::budget_per_second>("budget_per_second", at_least(0).in("attempts"),
                                           "What time earns, so that a quiet service can repeat at all."),
    option_of<&options::budget_initial>("budget_initial", at_least(0).in("attempts"),
                                        "What a service begins with."),
    option_of<&options::budget_max>("budget_max", at_least(0).in("attempts"),
                                    "What the busiest can save up; not below budget_initial."),
    option_of<&options::budget_memory>("budget_memory", above(0s),
                                       "What calls earned is half gone after so long without any."),
    option_of<&options::hedges_per_call>("hedges_per_call", between(0, .1),
                                         "The share of a service's calls that may get a second attempt for "
                                         "being slower than its p95."),
    option_of<&options::backoff_min>("backoff_min", above(0s),
                                     "The first wait before a repeat is random below the median answer, and "
                                     "that counts as at least this."),
    option_of<&options::backoff_max>("backoff_max", above(0s), "And as at most this; not below backoff_min."),
    option_of<&options::backoff_longest>("backoff_longest", above(0s),
                                         "Bounds the waits that follow, each up to twice the one before; not "
                                         "below backoff_max."),
    option_of<&options::return_min>(
        "return_min", above(0s),
        "The first wait for a replica that will be back, where there is no other, "
        "is random below this."),
    option_of<&options::return_max>(
        "return_max", above(0s),
        "Bounds the waits that follow, each up to twice the one before; not below "
        "return_min."),
};
static_assert(covers<options>(all));

/// A time that must not be below another one.
result<void> in_order(const char* name, duration value, const char* lower, duration bound) {
  if (value >= bound) return {};
  return option_error(std::string("retry.") + name, format_duration(value),
                      std::string("at least retry.") + lower + ", " + format_duration(bound));
}

}  // namespace

option_list<options> options::list() { return {"retry", all}; }

result<void> options::validate() const {
  if (auto sound = list().check(*this); !sound) return sound;
  if (budget_max < budget_initial)
    return {code::invalid_argument, "retry.budget_max must be at least retry.budget_initial"};
  if (auto sound = in_order("backoff_max", backoff_max, "backoff_min", backoff_min); !sound) return sound;
  if (auto sound = in_order("backoff_longest", backoff_longest, "backoff_max", backoff_max); !sound)
    return sound;
  return in_order("return_max", return_max, "return_min", return_min);
}

}  // namespace troupe::retry
