#include <array>

#include <troupe/balance/options.hpp>

namespace troupe::balance {

namespace {

constexpr std::array all_weights = {
    option_of<&weights::barred>(
        "barred", at_least(0),
        "Of a replica that is ejected or whose link does not answer; more than all other weights together."),
    option_of<&weights::unseen>("unseen", at_least(0),
                                "Of a replica that nothing ever came back from, or that is suspected."),
    option_of<&weights::cost>("cost", at_least(0), "Of the expected time to a success."),
    option_of<&weights::load>("load", at_least(0),
                              "Of the requests there for each that can be served at once."),
    option_of<&weights::zone>("zone", at_least(0), "Of the distance."),
    option_of<&weights::affinity>("affinity", at_least(0),
                                  "Of not being the owner of the call's affinity key."),
    option_of<&weights::suspected>("suspected", at_least(0),
                                   "Of a node that membership suspects, or that is degraded."),
};
static_assert(covers<weights>(all_weights));

constexpr double many = 1'000'000;

constexpr std::array all_of_ejection = {
    option_of<&ejection_options::failures_max>("failures_max", between(1, many),
                                               "Failures in a row after which a replica is ejected."),
    option_of<&ejection_options::requests_min>("requests_min", between(1, many),
                                               "Outcomes before a success rate means anything."),
    option_of<&ejection_options::success_min>(
        "success_min", above(0).up_to(1), "A replica is ejected for its success rate only below this one."),
    option_of<&ejection_options::sigmas>("sigmas", above(0),
                                         "And only when it is so many standard deviations below its peers."),
    option_of<&ejection_options::silent_in_flight_min>("silent_in_flight_min", between(1, many),
                                                       "Calls that wait while a replica says nothing."),
    option_of<&ejection_options::silence_min>("silence_min", above(0s),
                                              "And how long, or three times the p99 when that is longer."),
    option_of<&ejection_options::slow_factor>(
        "slow_factor", above(1),
        "A replica is ejected that is so many times slower than usual at "
        "its load, as often in a row as failures_max says."),
    option_of<&ejection_options::first>("first", above(0s),
                                        "How long a replica is out; doubled at each ejection that follows "
                                        "within the longest."),
    option_of<&ejection_options::longest>("longest", above(0s), "How long at most; not below the first."),
    option_of<&ejection_options::jitter>("jitter", at_least(0).below(1),
                                         "The share of the time out that is random."),
};
static_assert(covers<ejection_options>(all_of_ejection));

constexpr std::array all = {
    option_of<&options::cost_floor>("cost_floor", at_least(0s),
                                    "Added to every expected cost before costs are compared."),
    option_of<&options::latency_decay>("latency_decay", above(0s), "How long a slow answer is remembered."),
    option_of<&options::success_half_life>("success_half_life", above(0s),
                                           "After so long an outcome counts half."),
    option_of<&options::doubt>("doubt", at_least(0s),
                               "Where failures are rare, one makes the next calls go elsewhere for about so "
                               "long; doubled for each that follows without a success between."),
    option_of<&options::success_prior>("success_prior", above(0).in("outcomes"),
                                       "The mean of all replicas counts as so many of each."),
    option_of<&options::score_age>("score_age", above(0s),
                                   "What changes with time alone may be so old in a score, unless picks are "
                                   "so few that 64 made anew by each do not keep up."),
    option_of<&options::probes_per_call>(
        "probes_per_call", between(0, 3),
        "Asks for a load report, beyond those in answers; 0: none. A request "
        "that comes back counts as one."),
    option_of<&options::bounce_cost>(
        "bounce_cost", at_least(0s),
        "A request goes back from a replica that is fuller than was thought where "
        "that saves more than this, and more than the way; hours: it never does."),
    option_of<&options::tie>("tie", at_least(0).below(1), "Scores this close to the lowest count as equal."),
    option_of<&options::warm_up>("warm_up", at_least(0s),
                                 "From a quarter of its capacity to all of it, after a return."),
    option_of<&options::affinity_load_max>("affinity_load_max", above(1),
                                           "A key's owner keeps it up to this multiple of the mean load."),
};
static_assert(covers<options>(all, 2));  // weight and ejection have their own

}  // namespace

option_list<weights> weights::list() { return {"balance.weight", all_weights}; }
option_list<ejection_options> ejection_options::list() { return {"balance.ejection", all_of_ejection}; }
option_list<options> options::list() { return {"balance", all}; }

result<void> options::validate() const {
  if (auto sound = weights::list().check(weight); !sound) return sound;
  if (auto sound = ejection_options::list().check(ejection); !sound) return sound;
  if (auto sound = list().check(*this); !sound) return sound;
  const weights& w = weight;
  if (!(w.barred > w.unseen + w.cost + w.load + w.zone + w.affinity + w.suspected))
    return {code::invalid_argument, "balance.weight.barred must be above the sum of all other weights"};
  if (ejection.longest < ejection.first)
    return option_error("balance.ejection.longest", format_duration(ejection.longest),
                        "at least balance.ejection.first, " + format_duration(ejection.first));
  return {};
}

}  // namespace troupe::balance
