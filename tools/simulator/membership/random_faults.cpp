#include "random_faults.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include <troupe/base/random.hpp>

namespace troupe::simulator {

namespace {

constexpr std::uint32_t nodes_min = 5, nodes_max = 64;

class drawing {
 public:
  explicit drawing(std::uint64_t seed) : random_(mix(seed ^ 0x5eed)) {}

  cluster_scenario scenario(std::uint64_t seed) {
    cluster_scenario it;
    it.seed = seed;
    it.title = "random faults, seed " + std::to_string(seed);
    // Small clusters are quicker and have more ties: two thirds have fewer than 16 nodes.
    it.nodes = chance(.66) ? within(nodes_min, 15) : within(16, nodes_max);
    it.begins = chance(.25) ? beginning::from_seed : beginning::together;
    it.start_within = seconds(0, 3);
    it.services = chance(.1) ? 60 : within(1, 3);
    it.skew = chance(.5) ? .05 : 0;
    it.weather.loss = chance(.3) ? between(0, .05) : 0;
    it.weather.delay_max = chance(.3) ? 60ms : 2ms;
    it.weather.late = chance(.4) ? between(0, .2) : 0;
    it.weather.late_by = seconds(.01, .5);
    it.weather.duplicated = chance(.4) ? between(0, .3) : 0;
    it.weather.replayed = chance(.3) ? between(0, .1) : 0;
    if (chance(.5))
      it.settings["event_interval"] = 0;  // each change by itself: rule 9 is checked to the letter
    const auto lasts = seconds(60, chance(.3) ? 300 : 120);
    const auto count = within(3, 24);
    for (std::uint32_t k = 0; k < count; ++k) it.faults.push_back(one(it.nodes, lasts));
    std::sort(it.faults.begin(), it.faults.end(), [](const fault& a, const fault& b) { return a.at < b.at; });
    it.lasts = lasts + 90s;
    it.settle = 180s;
    return it;
  }

 private:
  /// Three decimals, which a file keeps to the bit.
  double between(double low, double high) { return std::round(random_.between(low, high) * 1000) / 1000; }
  bool chance(double of) { return random_.unit() < of; }
  std::uint32_t within(std::uint32_t low, std::uint32_t high) { return low + random_.below(high - low + 1); }
  duration seconds(double low, double high) {
    return std::chrono::duration_cast<duration>(
        std::chrono::milliseconds(static_cast<std::int64_t>(random_.between(low, high) * 1000)));
  }
  std::vector<std::uint32_t> some(std::uint32_t of, std::uint32_t most) {
    std::set<std::uint32_t> drawn;
    const auto wanted = within(1, std::max(1u, most));
    while (drawn.size() < wanted) drawn.insert(random_.below(of));
    return {drawn.begin(), drawn.end()};
  }

  fault one(std::uint32_t nodes, duration until) {
    static constexpr fault_kind kinds[] = {
        fault_kind::loss,    fault_kind::loss,    fault_kind::delay, fault_kind::cut,   fault_kind::cut,
        fault_kind::pause,   fault_kind::pause,   fault_kind::block, fault_kind::crash, fault_kind::restart,
        fault_kind::restart, fault_kind::restart, fault_kind::leave, fault_kind::join,  fault_kind::publish,
        fault_kind::publish, fault_kind::drain,
    };
    fault it;
    it.kind = kinds[random_.below(std::size(kinds))];
    it.at = seconds(5, to_seconds(until));
    // What lasts ends with the storm.
    it.lasts = std::min(seconds(.1, chance(.2) ? 90 : 20), until - it.at + 1s);
    it.way = static_cast<direction>(random_.below(3));
    it.disk = chance(.3) ? disk::lost : disk::kept;
    it.address = chance(.3) ? new_address::another : new_address::same;
    it.gone = chance(.5) ? seconds(.01, 1) : seconds(1, 40);
    if (it.kind == fault_kind::loss) {
      it.amount = between(.05, 1);
      if (chance(.7)) it.nodes = some(nodes, nodes / 4);
      if (!it.nodes.empty() && chance(.3)) it.peers = some(nodes, nodes / 2);
      if (it.nodes.empty()) it.amount = between(.05, .5);
    } else if (it.kind == fault_kind::delay) {
      it.by = seconds(.02, 1);
      it.nodes = some(nodes, nodes / 4);
    } else if (it.kind == fault_kind::cut) {
      it.nodes = some(nodes, nodes / 2);
      if (chance(.3)) it.peers = some(nodes, nodes / 2);
    } else if (it.kind != fault_kind::join) {
      it.nodes = some(nodes, std::max(1u, nodes / 8));
    }
    if (it.kind == fault_kind::join) it.lasts = chance(.5) ? duration{0} : it.lasts;
    if (it.kind == fault_kind::leave) it.gone = chance(.5) ? seconds(0, .05) : 2s;
    return it;
  }

  random_source random_;
};

class shrinking {
 public:
  shrinking(cluster_scenario failing, const std::function<bool(const cluster_scenario&)>& fails, int runs)
      : best_(std::move(failing)), fails_(fails), left_(runs) {}

  cluster_scenario run() {
    drop_faults();
    calm_down();
    fewer_nodes();
    shorten();
    drop_faults();
    return best_;
  }

 private:
  bool accept(cluster_scenario smaller) {
    if (left_ <= 0) return false;
    --left_;
    if (!fails_(smaller)) return false;
    best_ = std::move(smaller);
    return true;
  }

  void drop_faults() {
    for (std::size_t chunk = std::max<std::size_t>(1, best_.faults.size() / 2);; chunk /= 2) {
      for (std::size_t at = 0; at < best_.faults.size() && left_ > 0;) {
        auto smaller = best_;
        const auto from = smaller.faults.begin() + static_cast<std::ptrdiff_t>(at);
        smaller.faults.erase(from,
                             from + static_cast<std::ptrdiff_t>(std::min(chunk, best_.faults.size() - at)));
        if (!accept(std::move(smaller))) at += chunk;
      }
      if (chunk <= 1) return;
    }
  }

  void calm_down() {
    const auto without = [&](auto change) {
      auto smaller = best_;
      change(smaller);
      accept(std::move(smaller));
    };
    if (best_.weather.loss > 0) without([](auto& it) { it.weather.loss = 0; });
    if (best_.weather.late > 0) without([](auto& it) { it.weather.late = 0; });
    if (best_.weather.duplicated > 0) without([](auto& it) { it.weather.duplicated = 0; });
    if (best_.weather.replayed > 0) without([](auto& it) { it.weather.replayed = 0; });
    if (best_.skew > 0) without([](auto& it) { it.skew = 0; });
    if (best_.begins == beginning::from_seed) without([](auto& it) { it.begins = beginning::together; });
    if (best_.services > 1) without([](auto& it) { it.services = 1; });
  }

  void fewer_nodes() {
    for (auto wanted = best_.nodes / 2; wanted >= 2 && left_ > 0;) {
      auto smaller = best_;
      smaller.nodes = wanted;
      for (auto& each : smaller.faults) {
        const auto gone = [&](std::uint32_t node) { return node >= wanted; };
        const bool named = !each.nodes.empty(), paired = !each.peers.empty();
        std::erase_if(each.nodes, gone);
        std::erase_if(each.peers, gone);
        if ((named && each.nodes.empty()) || (paired && each.peers.empty())) each.nodes = {0};
      }
      if (accept(std::move(smaller)))
        wanted = best_.nodes / 2;
      else if (wanted + 1 >= best_.nodes)
        return;
      else
        wanted = (wanted + best_.nodes + 1) / 2;
    }
  }

  void shorten() {
    for (std::size_t k = 0; k < best_.faults.size() && left_ > 0; ++k)
      for (int halvings = 0; halvings < 3 && best_.faults[k].lasts > 1s; ++halvings) {
        auto smaller = best_;
        smaller.faults[k].lasts /= 2;
        if (!accept(std::move(smaller))) break;
      }
    for (int halvings = 0; halvings < 3; ++halvings) {
      auto smaller = best_;
      smaller.lasts /= 2;
      if (!accept(std::move(smaller))) return;
    }
  }

  cluster_scenario best_;
  const std::function<bool(const cluster_scenario&)>& fails_;
  int left_;
};

}  // namespace

cluster_scenario draw_schedule(std::uint64_t seed) { return drawing(seed).scenario(seed); }

cluster_scenario shrink(cluster_scenario failing, const std::function<bool(const cluster_scenario&)>& fails,
                        int runs_max) {
  return shrinking(std::move(failing), fails, runs_max).run();
}

}  // namespace troupe::simulator
