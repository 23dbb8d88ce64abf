#include "lalb.hpp"

#include <algorithm>
#include <array>

#include "choosing.hpp"

namespace troupe::simulator {

namespace {

constexpr std::size_t window = 128;         // RECV_QUEUE_SIZE
constexpr double least_rate = 1;            // requests/s: DEFAULT_QPS
constexpr double first_weight = 1e6;        // 1 request/s at 1 us: WEIGHT_SCALE, for whoever starts the tree
constexpr double least_weight = 1;          // min_weight 1000, at a WEIGHT_SCALE of 1e9 for first_weight
constexpr double punished_in_flight = 1.5;  // punish_inflight_ratio: mean ages up to this are normal

/// The last answers of one server, as running sums, so that a mean over the window is one subtraction.
class answers {
 public:
  void add(double latency, time_point end) {
    const double sum = size_ == 0 ? 0 : newest().latency_sum;
    if (size_ == window) oldest_ = (oldest_ + 1) % window, --size_;
    entries_[(oldest_ + size_++) % window] = {sum + latency, end};
  }
  /// An error stretches the last answer: no throughput, more latency.
  void charge(double latency, time_point end) {
    newest().latency_sum += latency;
    newest().end = end;
  }
  bool empty() const { return size_ == 0; }
  double spanned() const { return to_seconds(newest().end - oldest().end); }
  double counted() const { return static_cast<double>(size_ - 1); }
  double summed() const { return newest().latency_sum - oldest().latency_sum; }
  double total() const { return newest().latency_sum; }

 private:
  struct entry {
    double latency_sum = 0;
    time_point end{};
  };
  entry& newest() { return entries_[(oldest_ + size_ - 1) % window]; }
  const entry& newest() const { return entries_[(oldest_ + size_ - 1) % window]; }
  const entry& oldest() const { return entries_[oldest_]; }

  std::array<entry, window> entries_{};
  std::size_t oldest_ = 0, size_ = 0;
};

struct node {
  double base = 0;     // of the answers alone
  double weight = 0;   // now
  double latency = 0;  // s, mean; 0: unknown
  double begun = 0;    // s, sum of the times at which those in flight began
  double in_flight = 0;
  answers last;
};

class lalb final : public contender {
 public:
  lalb(const contest& of, std::uint64_t seed)
      : random_(seed), deadline_(to_seconds(of.deadline)), nodes_(of.servers) {}

  std::optional<server_index> choose(const errand& what, time_point now) override {
    server_index drawn = what.candidates.front();
    for (std::size_t attempt = 0; attempt < what.candidates.size(); ++attempt) {
      double into = 0;
      drawn = draw(what.candidates, into);
      node& its = nodes_[drawn];
      reweigh(its, now);
      if (its.weight >= into) break;  // otherwise those in flight have just made it too light
    }
    nodes_[drawn].begun += seconds(now);
    ++nodes_[drawn].in_flight;
    return drawn;
  }

  void ended(const verdict& what, time_point now) override {
    node& its = nodes_[what.from];
    its.begun -= seconds(what.sent);
    if (--its.in_flight == 0) its.begun = 0;  // and with it what rounding left
    const double latency = to_seconds(now - what.sent);
    if (what.how == ending::success) {
      its.last.add(latency, now);
    } else if (its.last.empty()) {
      its.last.add(std::max(latency, deadline_), now);
    } else {
      its.last.charge(deadline_, now);  // of a request without repeats, always the timeout
    }
    weigh(its);
    reweigh(its, now);
  }

  /// A newcomer weighs as much as the others do on average.
  void appeared(server_index which, time_point) override {
    double sum = 0, count = 0;
    for (const auto& each : nodes_)
      if (each.base > 0) sum += each.weight, ++count;
    node& its = nodes_[which];
    its.base = its.weight = count == 0 ? first_weight : sum / count;
    its.latency = 0;
    its.last = {};
  }
  void left(server_index which, time_point) override { nodes_[which].base = nodes_[which].weight = 0; }

 private:
  static double seconds(time_point when) { return to_seconds(when.time_since_epoch()); }

  server_index draw(std::span<const server_index> among, double& into) {
    double total = 0;
    for (const auto each : among) total += nodes_[each].weight;
    into = random_.between(0, total);
    for (const auto each : among) {
      if (into < nodes_[each].weight) return each;
      into -= nodes_[each].weight;
    }
    return among.back();
  }

  static void weigh(node& its) {
    // The first answer tells no rate: throughput is counted from its end.
    double rate = least_rate;
    if (its.last.counted() == 0) {
      its.latency = its.last.total();
    } else {
      its.latency = its.last.summed() / its.last.counted();
      if (its.last.spanned() > 0) rate = std::max(rate, its.last.counted() / its.last.spanned());
    }
    if (its.latency > 0) its.base = rate / its.latency;
  }

  static void reweigh(node& its, time_point now) {
    double weight = its.base;
    if (its.in_flight > 0 && its.latency > 0) {
      const double age = seconds(now) - its.begun / its.in_flight;
      if (age >= punished_in_flight * its.latency) weight *= its.latency / age;
    }
    its.weight = std::max(weight, least_weight);
  }

  random_source random_;
  double deadline_;
  std::vector<node> nodes_;
};

}  // namespace

std::unique_ptr<contender> make_lalb(const contest& of, std::uint64_t seed) {
  return std::make_unique<lalb>(of, seed);
}

}  // namespace troupe::simulator
