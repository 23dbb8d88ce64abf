#include "peak_ewma.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "choosing.hpp"

namespace troupe::simulator {

namespace {

double fading(duration elapsed, duration decay) { return std::exp(-to_seconds(elapsed) / to_seconds(decay)); }

// --- tower and Linkerd2
// -------------------------------------------------------------------------------------

enum class failures : std::uint8_t { count_as_answers, count_as_peaks };

class p2c_peak_ewma final : public counting_contender {
 public:
  p2c_peak_ewma(const contest& of, std::uint64_t seed, failures kind)
      : counting_contender(of, seed), failures_(kind), latency_(of.servers, peak_ewma(first_latency)) {}

  void appeared(server_index which, time_point) override { latency_[which] = peak_ewma(first_latency); }

 private:
  static constexpr double first_latency = .03;  // s: Linkerd2's default round trip of a new endpoint
  static constexpr double penalty = 5;          // s: Linkerd2's, of a failure without a Retry-After

  std::optional<server_index> pick(const errand& what, time_point now) override {
    const auto [first, second] = two_of(what.candidates, random_);
    return load(first, now) <= load(second, now) ? first : second;
  }

  double load(server_index which, time_point now) const {
    return latency_[which].at(now) * (in_flight(which) + 1);
  }

  void learn(const verdict& what, time_point now) override {
    double sample = to_seconds(now - what.sent);
    if (failures_ == failures::count_as_peaks && what.how != ending::success)
      sample = std::max({sample, penalty, latency_[what.from].at(now)});
    latency_[what.from].add(sample, now);
  }

  failures failures_;
  std::vector<peak_ewma> latency_;
};

// --- brpc
// ---------------------------------------------------------------------------------------------------

class brpc_p2c final : public counting_contender {
 public:
  brpc_p2c(const contest& of, std::uint64_t seed, std::size_t choices)
      : counting_contender(of, seed),
        choices_(choices),
        deadline_(to_seconds(of.deadline)),
        nodes_(of.servers) {
    sampled_.reserve(choices);
  }

  void appeared(server_index which, time_point) override { nodes_[which] = {}; }

 private:
  static constexpr double least_latency = 1e-6;  // s: MIN_LATENCY_TERM_US
  static constexpr double most_penalty = 30;     // s: p2c_max_punish_ms

  struct node {
    double latency = 0;  // s; 0: no sample yet
    time_point since{};
  };

  std::optional<server_index> pick(const errand& what, time_point now) override {
    sampled_.clear();
    sample(what.candidates, choices_, random_, sampled_);
    return least(sampled_, random_, [&](server_index each) { return score(each, now); });
  }

  double score(server_index which, time_point now) const {
    const node& its = nodes_[which];
    const double latency = its.latency * fading(now - its.since, peak_ewma::default_decay);
    return std::max(latency, least_latency) * (in_flight(which) + 1);
  }

  void learn(const verdict& what, time_point now) override {
    node& its = nodes_[what.from];
    double latency = to_seconds(now - what.sent);
    if (what.how != ending::success)
      latency = std::min(std::max({latency, deadline_, 2 * its.latency}), most_penalty);
    if (its.latency > 0 && latency < its.latency) {
      const double old = fading(now - its.since, peak_ewma::default_decay);
      latency = its.latency * old + latency * (1 - old);
    }
    its = {latency, now};
  }

  std::size_t choices_;
  double deadline_;
  std::vector<node> nodes_;
  std::vector<server_index> sampled_;
};

// --- Kratos
// -------------------------------------------------------------------------------------------------

class kratos final : public counting_contender {
 public:
  kratos(const contest& of, std::uint64_t seed) : counting_contender(of, seed), nodes_(of.servers) {}

  void appeared(server_index which, time_point) override { nodes_[which] = {}; }

 private:
  static constexpr duration decay = 600ms;        // tau
  static constexpr duration forced_after = 3s;    // forcePick
  static constexpr double unknown_latency = 10;   // s: penalty, of a node without a sample; not rooted
  static constexpr double zone_allowance = .005;  // s: "to eliminate the latency gap between different zones"

  struct node {
    double latency = 0;  // s; 0: no sample yet
    double success = 1;
    time_point since{};
    time_point picked{};
    std::vector<time_point> under_way;
    double predicted = 0;  // s: mean age of those in flight that are older than `latency`, when most are
    time_point predicted_at{};
  };

  std::optional<server_index> pick(const errand& what, time_point now) override {
    auto [better, worse] = two_of(what.candidates, random_);
    if (weight(worse, now) > weight(better, now)) std::swap(better, worse);
    if (now - nodes_[worse].picked > forced_after) better = worse;
    nodes_[better].picked = now;
    nodes_[better].under_way.push_back(now);
    return better;
  }

  double weight(server_index which, time_point now) {
    node& its = nodes_[which];
    const double pending = in_flight(which) + 1;
    if (its.latency == 0) return its.success / (std::sqrt(unknown_latency) * pending);
    predict(its, now);
    return its.success / (std::sqrt(std::max(its.latency, its.predicted) + zone_allowance) * pending);
  }

  void predict(node& its, time_point now) const {
    const auto interval = std::clamp<duration>(from_seconds(its.latency / 5), 5ms, 200ms);
    if (now - its.predicted_at <= interval) return;
    its.predicted_at = now;
    double total = 0;
    std::size_t older = 0;
    for (const auto sent : its.under_way) {
      const double age = to_seconds(now - sent);
      if (age > its.latency) total += age, ++older;
    }
    its.predicted = older > its.under_way.size() / 2 + 1 ? total / static_cast<double>(older) : 0;
  }

  void learn(const verdict& what, time_point now) override {
    node& its = nodes_[what.from];
    const auto at = std::find(its.under_way.begin(), its.under_way.end(), what.sent);
    if (at != its.under_way.end()) {
      *at = its.under_way.back();
      its.under_way.pop_back();
    }
    const double old = its.latency == 0 ? 0 : fading(now - its.since, decay);
    its.latency = its.latency * old + to_seconds(now - what.sent) * (1 - old);
    its.success = its.success * old + (what.how == ending::success ? 1 : 0) * (1 - old);
    its.since = now;
  }

  std::vector<node> nodes_;
};

}  // namespace

void peak_ewma::add(double sample, time_point now) {
  if (sample >= value_) {
    value_ = sample;
  } else {
    const double old = fading(now - since_, default_decay);
    value_ = value_ * old + sample * (1 - old);
  }
  since_ = now;
}

double peak_ewma::at(time_point now) const { return value_ * fading(now - since_, default_decay); }

std::unique_ptr<contender> make_p2c_peak_ewma(const contest& of, std::uint64_t seed) {
  return std::make_unique<p2c_peak_ewma>(of, seed, failures::count_as_answers);
}
std::unique_ptr<contender> make_p2c_peak_ewma_penalised(const contest& of, std::uint64_t seed) {
  return std::make_unique<p2c_peak_ewma>(of, seed, failures::count_as_peaks);
}
std::unique_ptr<contender> make_brpc_p2c(const contest& of, std::uint64_t seed) {
  return std::make_unique<brpc_p2c>(of, seed, 2);
}
std::unique_ptr<contender> make_brpc_p2c4(const contest& of, std::uint64_t seed) {
  return std::make_unique<brpc_p2c>(of, seed, 4);
}
std::unique_ptr<contender> make_kratos(const contest& of, std::uint64_t seed) {
  return std::make_unique<kratos>(of, seed);
}

}  // namespace troupe::simulator
