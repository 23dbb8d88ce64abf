#include "weighted_round_robin.hpp"

#include <algorithm>
#include <cmath>

#include "choosing.hpp"

namespace troupe::simulator {

namespace {

constexpr duration blackout = 10s;        // blackout_period
constexpr duration expiry = 3min;         // weight_expiration_period
constexpr duration renewal = 1s;          // weight_update_period
constexpr double error_penalty = 1;       // error_utilization_penalty
constexpr duration report_averages = 1s;  // over which a server measures its utilisation

struct node {
  double busy = 0, service = 0;  // smoothed: workers; worker time of a request, s
  double error_share = 0;
  double weight = 0;
  time_point reporting_since = never;  // never: no report, or expired
  time_point reported{};
  double share = 1;     // in the schedule, > 0
  double deadline = 0;  // of its next turn
};

class weighted_round_robin final : public contender {
 public:
  weighted_round_robin(const contest& of, std::uint64_t seed)
      : random_(seed), workers_(of.workers), nodes_(of.servers) {}

  std::optional<server_index> choose(const errand& what, time_point now) override {
    if (now >= renewed_ + renewal || renewed_ == time_point{}) renew(now);
    const auto turn =
        least(what.candidates, random_, [&](server_index each) { return nodes_[each].deadline; });
    node& its = nodes_[turn];
    reached_ = std::max(reached_, its.deadline);
    its.deadline += 1 / its.share;
    return turn;
  }

  void ended(const verdict& what, time_point now) override {
    node& its = nodes_[what.from];
    if (what.load == nullptr) return;
    const auto& load = *what.load;
    const double passed = to_seconds(now - its.reported) / to_seconds(report_averages);
    const double fresh = its.reporting_since == never ? 1 : 1 - std::exp(-passed);
    const auto smooth = [&](double& value, double sample) { value += fresh * (sample - value); };
    const double workers = load.workers > 0 ? load.workers : workers_;
    smooth(its.busy, std::min<double>(load.in_flight, workers));
    smooth(its.service, to_seconds(load.service_time));
    smooth(its.error_share, what.how == ending::success ? 0 : 1);
    const double qps = its.service > 0 ? its.busy / its.service : 0;
    its.weight = grpc_weight(qps, its.busy / workers, its.error_share);
    if (its.weight <= 0) return;  // A58 ignores a report without qps or utilisation
    if (its.reporting_since == never) its.reporting_since = now;
    its.reported = now;
  }

  void appeared(server_index which, time_point) override {
    nodes_[which] = {};
    nodes_[which].deadline = reached_;
  }

 private:
  double usable_weight(node& its, time_point now) const {
    if (its.reporting_since == never) return 0;
    if (now - its.reported >= expiry) return its.reporting_since = never, 0;
    return now - its.reporting_since < blackout ? 0 : its.weight;
  }

  // A new schedule: everyone starts somewhere within its first turn, so that routers do not march in step.
  void renew(time_point now) {
    renewed_ = now;
    double sum = 0;
    std::size_t known = 0;
    for (auto& each : nodes_) {
      each.share = usable_weight(each, now);
      sum += each.share;
      if (each.share > 0) ++known;
    }
    const bool plain = known < 2;
    const double mean = plain ? 1 : sum / static_cast<double>(known);
    for (auto& each : nodes_) {
      each.share = plain || each.share <= 0 ? 1 : each.share / mean;
      if (!plain || !plain_) each.deadline = reached_ + random_.unit() / each.share;
    }
    plain_ = plain;
  }

  random_source random_;
  double workers_;
  std::vector<node> nodes_;
  double reached_ = 0;
  bool plain_ = false;  // the schedule is plain round robin, which goes on from where it was
  time_point renewed_{};
};

}  // namespace

double grpc_weight(double qps, double utilisation, double error_share) {
  if (qps <= 0 || utilisation <= 0) return 0;
  return qps / (utilisation + error_share * error_penalty);
}

std::unique_ptr<contender> make_weighted_round_robin(const contest& of, std::uint64_t seed) {
  return std::make_unique<weighted_round_robin>(of, seed);
}

}  // namespace troupe::simulator
