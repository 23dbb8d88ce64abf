#include "outcome.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>

namespace troupe::simulator {

namespace {

double quantile(std::vector<float>& of, double q) {
  if (of.empty()) return 0;
  const auto at = static_cast<std::size_t>(q * static_cast<double>(of.size() - 1));
  std::nth_element(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(at), of.end());
  return of[at];
}

bool involved(const scenario& what, std::uint32_t server) {
  return std::any_of(what.incidents.begin(), what.incidents.end(),
                     [&](const incident& each) { return each.first <= server && server <= each.last; });
}

// Attempts sent in a part of the run, and those of them to servers of incidents.
struct traffic {
  double all = 0, involved = 0, refused = 0;
};

traffic traffic_between(const scenario& what, const series& over_time, duration from, duration until) {
  traffic sum;
  const auto end = std::min<std::size_t>(over_time.rows(), static_cast<std::size_t>(until / series::step));
  for (auto row = static_cast<std::size_t>(from / series::step); row < end; ++row)
    for (std::uint32_t i = 0; i < over_time.servers; ++i) {
      const double sent = over_time.sent[row * over_time.servers + i];
      sum.all += sent;
      sum.refused += over_time.refused[row * over_time.servers + i];
      if (involved(what, i)) sum.involved += sent;
    }
  return sum;
}

void add_figures(const scenario& what, const std::vector<sample>& samples, const series& over_time,
                 duration from, duration until, const std::string& suffix, outcome& into) {
  std::vector<float> latencies;
  double requests = 0, good = 0, local = 0;
  std::array<double, rpc::criticalities> asked{}, lost_of{};
  for (const auto& each : samples) {
    if (each.arrived < to_seconds(from) || each.arrived >= to_seconds(until)) continue;
    ++requests;
    if (each.local) ++local;
    if (each.how == ending::success) ++good;
    const auto kind = static_cast<std::size_t>(each.criticality);
    ++asked[kind];
    if (each.how != ending::success) ++lost_of[kind];
    if (each.how == ending::success || each.how == ending::timed_out) latencies.push_back(each.latency);
  }
  auto& figures = into.figures;
  const auto put = [&](const std::string& name, double value) { figures[name + suffix] = value; };
  put("p50_ms", quantile(latencies, .5) * 1e3);
  put("p90_ms", quantile(latencies, .9) * 1e3);
  put("p99_ms", quantile(latencies, .99) * 1e3);
  put("p999_ms", quantile(latencies, .999) * 1e3);
  put("mean_ms", latencies.empty() ? 0
                                   : std::accumulate(latencies.begin(), latencies.end(), 0.) /
                                         static_cast<double>(latencies.size()) * 1e3);
  const double lost = requests - good;
  put("ended", requests);
  put("errors_percent", requests > 0 ? lost / requests * 100 : 0);
  put("lost", lost);
  for (std::uint8_t k = 0; k < rpc::criticalities; ++k)
    put(std::string(to_string(rpc::criticality_from_wire(k))) + "_errors_percent",
        asked[k] > 0 ? lost_of[k] / asked[k] * 100 : 0);
  put("goodput", good / to_seconds(until - from));
  put("local_percent", requests > 0 ? local / requests * 100 : 0);
  const auto sent = traffic_between(what, over_time, from, until);
  put("attempts_per_request", requests > 0 ? sent.all / requests : 0);
  put("taken_per_request", requests > 0 ? (sent.all - sent.refused) / requests : 0);
  put("share_percent", sent.all > 0 ? sent.involved / sent.all * 100 : 0);
}

// From the end of an incident until one second's share of its first server is 80% of what is fair.
double recovery(const scenario& what, const series& over_time) {
  constexpr std::size_t second = 10;
  double longest = 0;
  for (const auto& each : what.incidents) {
    if (each.kind == trouble::restart) continue;
    const auto end = each.kind == trouble::outlier ? each.from + each.takes : each.until;
    if (end <= duration{0} || end >= what.lasts) continue;
    const auto start = static_cast<std::size_t>(end / series::step);
    double waited = to_seconds(what.lasts - end);
    for (std::size_t row = start; row + second <= over_time.rows(); ++row) {
      double own = 0, all = 0;
      for (std::size_t k = row; k < row + second; ++k)
        for (std::uint32_t i = 0; i < over_time.servers; ++i) {
          const double sent = over_time.sent[k * over_time.servers + i];
          all += sent;
          if (i == each.first) own += sent;
        }
      if (all == 0 || own / all < .8 / over_time.servers) continue;
      waited = static_cast<double>(row - start) / static_cast<double>(second);
      break;
    }
    longest = std::max(longest, waited);
  }
  return longest;
}

double share_spread(const series& over_time) {
  std::vector<double> sums(over_time.servers);
  for (std::size_t k = 0; k < over_time.sent.size(); ++k) sums[k % over_time.servers] += over_time.sent[k];
  const double all = std::accumulate(sums.begin(), sums.end(), 0.);
  return all > 0 ? *std::max_element(sums.begin(), sums.end()) * over_time.servers / all : 0;
}

}  // namespace

outcome conclude(const scenario& what, const std::vector<sample>& samples, const tally& counted,
                 series over_time) {
  outcome into;
  add_figures(what, samples, over_time, what.warm_up, what.lasts, "", into);
  for (const auto& each : what.windows)
    add_figures(what, samples, over_time, each.from, each.until, "@" + each.name, into);
  const auto requests = static_cast<double>(std::max<std::uint64_t>(1, counted.requests));
  into.figures["requests"] = static_cast<double>(counted.requests);
  into.figures["attempts_per_request"] = static_cast<double>(counted.attempts) / requests;
  into.figures["taken_per_request"] = static_cast<double>(counted.attempts - counted.refused) / requests;
  into.figures["probes_per_request"] = static_cast<double>(counted.probes) / requests;
  into.figures["asked_per_request"] = static_cast<double>(counted.probes + counted.bounced) / requests;
  into.figures["repeats"] = static_cast<double>(counted.repeats);
  into.figures["rif_max_over_mean"] =
      counted.mean_in_flight > 0 ? counted.most_in_flight / counted.mean_in_flight : 0;
  into.figures["share_max_over_mean"] = share_spread(over_time);
  into.figures["recovery_s"] = recovery(what, over_time);
  into.over_time = std::move(over_time);
  return into;
}

}  // namespace troupe::simulator
