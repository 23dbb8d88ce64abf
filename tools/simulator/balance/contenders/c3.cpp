#include "c3.hpp"

#include <algorithm>
#include <cmath>

#include "choosing.hpp"

namespace troupe::simulator {

namespace {

constexpr double newest = .9;        // weight of the new sample in every EWMA of the feedback (absim: alpha)
constexpr double cut = .2;           // beta: a rate is multiplied by this
constexpr double curve = 4e-6;       // gamma (absim: C): requests per window and ms^3
constexpr double largest_step = 10;  // smax: of one increase
constexpr double typical_newest = .01;  // ours, for newcomers alone
constexpr duration rate_window = 20ms;  // delta: rates are per this
constexpr double newest_rate = .1;      // weight of the newest window in the receiving rate (absim)
constexpr double hysteresis = 2;    // windows after an increase in which there is no decrease (section 3.2)
constexpr double first_rate = 10;   // absim: maxTokens, which is the bucket's size too
constexpr double least_rate = .01;  // absim

/// A token bucket whose rate follows the replica's receiving rate.
class rate_control {
 public:
  /// Tokens there are; one is needed to send.
  double tokens(time_point now) const { return std::min(first_rate, tokens_ + rate_ * windows(now - sent_)); }
  duration until_token(time_point now) const {
    return from_seconds((1 - tokens(now)) / rate_ * to_seconds(rate_window)) + duration{1};
  }
  void take(time_point now) {
    tokens_ = tokens(now) - 1;
    sent_ = now;
  }

  void answered(time_point now) {
    roll(now);
    ++received_;
    if (rate_ < receiving_) {
      increased_ = now;
      rate_ = std::min(c3_cubic_rate(now - cut_at_, cut_from_), rate_ + largest_step);
      rate_ = std::max(rate_, least_rate);
    } else if (receiving_ > 0 && rate_ > receiving_ && windows(now - increased_) > hysteresis) {
      cut_from_ = rate_;
      rate_ = std::max(rate_ * cut, least_rate);
      cut_at_ = now;
    }
  }

 private:
  static double windows(duration passed) { return to_seconds(passed) / to_seconds(rate_window); }

  void roll(time_point now) {
    const auto passed = static_cast<std::int64_t>(windows(now - window_));
    if (passed <= 0) return;
    receiving_ += newest_rate * (received_ - receiving_);
    receiving_ *= std::pow(1 - newest_rate, static_cast<double>(passed - 1));
    received_ = 0;
    window_ += passed * rate_window;
  }

  double rate_ = first_rate, tokens_ = first_rate;
  time_point sent_{}, increased_{}, cut_at_{};
  double cut_from_ = first_rate;
  double receiving_ = 0, received_ = 0;
  time_point window_{};
};

struct node {
  c3_feedback known;
  bool heard = false;
  rate_control rate;
};

enum class rates : bool { unlimited, controlled };

class c3 final : public counting_contender {
 public:
  c3(const contest& of, std::uint64_t seed, rates how)
      : counting_contender(of, seed), rates_(how), clients_(of.routers), nodes_(of.servers) {}

  time_point held_until() const override { return held_until_; }
  void appeared(server_index which, time_point) override { nodes_[which] = {}; }

 private:
  /// Rounding must not hold a request back for ever (absim rounds to nanoseconds).
  static constexpr double enough = 1 - 1e-6;

  // The best of those that have a token is the first in the order of scores that has one.
  std::optional<server_index> pick(const errand& what, time_point now) override {
    if (rates_ == rates::unlimited)
      return least(what.candidates, random_, [&](server_index each) { return score(each); });
    const auto best = least(what.candidates, random_, [&](server_index each) {
      return nodes_[each].rate.tokens(now) < enough ? std::numeric_limits<double>::infinity() : score(each);
    });
    if (nodes_[best].rate.tokens(now) >= enough) {
      nodes_[best].rate.take(now);
      return best;
    }
    held_until_ = never;
    for (const auto each : what.candidates)
      held_until_ = std::min(held_until_, now + nodes_[each].rate.until_token(now));
    return std::nullopt;
  }

  double score(server_index which) const {
    const node& its = nodes_[which];
    if (its.heard) return c3_score(its.known, in_flight(which), clients_);
    // With absim's 0 for a newcomer everything would go there until it has answered.
    return c3_score({.service = typical_service_}, in_flight(which), clients_);
  }

  void learn(const verdict& what, time_point now) override {
    if (what.load == nullptr) return;
    node& its = nodes_[what.from];
    const double queue = what.load->in_flight > 0 ? what.load->in_flight - 1. : 0.;
    const double service = to_seconds(what.load->service_time);
    const double network = to_seconds(now - what.sent) - service;
    const double fresh = its.heard ? newest : 1;
    its.heard = true;
    typical_service_ += typical_newest * (service - typical_service_);
    its.known.queue += fresh * (queue - its.known.queue);
    its.known.service += fresh * (service - its.known.service);
    its.known.network += fresh * (network - its.known.network);
    its.rate.answered(now);
  }

  rates rates_;
  double clients_;
  double typical_service_ =
      .001;  // s, of all servers; whatever it is before the first answer, it is the same for all
  std::vector<node> nodes_;
  time_point held_until_ = never;
};

}  // namespace

double c3_score(const c3_feedback& of, double in_flight, double clients) {
  const double queue = 1 + in_flight * clients + of.queue;
  return of.network + queue * queue * queue * of.service;
}

double c3_cubic_rate(duration since, double rate_then) {
  const double plateau = std::cbrt(rate_then * cut / curve);  // ms until the curve is back at rate_then
  const double beyond = to_millis(since) - plateau;
  return curve * beyond * beyond * beyond + rate_then;
}

std::unique_ptr<contender> make_c3(const contest& of, std::uint64_t seed) {
  return std::make_unique<c3>(of, seed, rates::controlled);
}
std::unique_ptr<contender> make_c3_ranking(const contest& of, std::uint64_t seed) {
  return std::make_unique<c3>(of, seed, rates::unlimited);
}

}  // namespace troupe::simulator
