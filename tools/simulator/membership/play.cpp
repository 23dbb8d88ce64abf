#include "play.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "run_meter.hpp"

namespace troupe::simulator {

namespace {

constexpr duration step = 50ms;
/// What a fault's end stirs up is measured for so long at least.
constexpr duration afterwards = 10s;

bool befalls_packets(fault_kind kind) {
  return kind == fault_kind::loss || kind == fault_kind::delay || kind == fault_kind::cut;
}

const char* name_of(fault_kind kind) {
  switch (kind) {
    case fault_kind::loss:
      return "loss";
    case fault_kind::delay:
      return "delay";
    case fault_kind::cut:
      return "cut";
    case fault_kind::pause:
      return "pause";
    case fault_kind::block:
      return "block";
    case fault_kind::crash:
      return "crash";
    case fault_kind::restart:
      return "restart";
    case fault_kind::leave:
      return "leave";
    case fault_kind::join:
      return "join";
    case fault_kind::publish:
      return "publish";
    case fault_kind::drain:
      return "drain";
  }
  return "";
}

/// A scenario on its way through a cluster.
class performance {
 public:
  performance(const cluster_scenario& what, const membership_mode& mode, std::uint64_t seed)
      : what_(what),
        random_(mix(seed + 77)),
        all_(options_for(what, mode, seed)),
        meter_(what, all_),
        begun_(all_.now()) {}

  cluster_outcome run() {
    begin();
    plan();
    while (!all_.seen_by_all().broken() && !steps_.empty()) {
      advance_to(steps_.next());
      perform(steps_.pop().what);
    }
    calm_ = std::max(calm_, begun_);
    converge();
    advance_to(std::max({all_.now(), begun_ + what_.lasts, calm_ + afterwards}));
    if (strict_) all_.compare_all();
    return conclude();
  }

 private:
  enum class act : std::uint8_t { turn, strike, end, come_back, go, check_crash };
  struct happening {
    act what = act::turn;
    std::uint32_t fault = 0;
    std::uint32_t node = 0;
    time_point since{};
  };

  static cluster_options options_for(const cluster_scenario& what, const membership_mode& mode,
                                     std::uint64_t seed) {
    cluster_options how{.mode = mode, .weather = what.weather, .skew = what.skew, .services = what.services};
    if (mode.name == "ours") how.mode.settings = with_settings(how.mode.settings, what.settings).value();
    how.mode.settings.members_max = std::max<std::size_t>(how.mode.settings.members_max, what.nodes + 16);
    how.watched_max =
        std::max<std::size_t>(what.nodes <= 2100 ? what.nodes : 64, churns(what) ? 1'000'000 : 0);
    how.tolerant = mode.name != "ours";
    how.seed = seed;
    return how;
  }
  static bool churns(const cluster_scenario& what) {
    return what.nodes <= 512 && std::any_of(what.faults.begin(), what.faults.end(),
                                            [](const fault& each) { return each.kind == fault_kind::join; });
  }

  // --- The beginning -----------------------------------------------------------------------------------

  void begin() {
    strict_ = what_.settings.contains("event_interval") && what_.settings.at("event_interval") == 0;
    if (what_.begins == beginning::together) {
      all_.start_together(what_.nodes);
      all_.run(1s);
      begun_ = all_.now();
      return meter_.begin();
    }
    std::vector<std::pair<duration, std::uint32_t>> order;
    for (std::uint32_t node = 0; node < what_.nodes; ++node) {
      all_.add();
      order.emplace_back(from_seconds(to_seconds(what_.start_within) * random_.unit()), node);
    }
    order.front().first = duration{0};
    std::sort(order.begin(), order.end());
    for (const auto& [at, node] : order) {
      all_.run_to(begun_ + at);
      all_.start(node, {0});
    }
    const auto formed = all_.run_until(
        std::max(what_.lasts, what_.settle), [&] { return all_.agree(); }, step);
    if (formed)
      meter_.formed();
    else if (what_.settle > duration{0})
      all_.seen_by_all().expect_agreement(all_.now() - begun_, all_.now());
    meter_.started();
    begun_ = all_.now();
    meter_.begin();
  }

  void plan() {
    for (std::uint32_t k = 0; k < what_.faults.size(); ++k) {
      const auto& each = what_.faults[k];
      steps_.push(begun_ + each.at, {act::turn, k, 0, {}});
    }
  }

  // --- Faults ------------------------------------------------------------------------------------------

  bool sound(std::uint32_t node) const {
    return all_.running(node) && !all_.paused(node) && !befallen_.contains(node);
  }

  std::vector<std::uint32_t> draw(const fault& what) {
    if (!what.nodes.empty()) return what.nodes;
    auto wanted = what.share > 0 ? static_cast<std::uint32_t>(std::lround(
                                       what.share * static_cast<double>(all_.running_nodes().size())))
                                 : what.count;
    if (wanted == 0 && !befalls_packets(what.kind)) wanted = 1;
    std::vector<std::uint32_t> drawn;
    for (const auto node : all_.running_nodes())
      if (sound(node)) drawn.push_back(node);
    random_.sample(drawn, wanted);
    return drawn;
  }

  std::vector<std::uint32_t> some_seeds(std::uint32_t except) {
    std::vector<std::uint32_t> seeds;
    for (const auto node : all_.running_nodes())
      if (node != except) seeds.push_back(node);
    // Three, if there are as many: where all acquaintances are gone or moved, a seed is the only way.
    random_.sample(seeds, 3);
    return seeds;
  }

  time_point end_of_run() const { return begun_ + what_.lasts; }

  void turn(const happening& now) {
    const auto& it = what_.faults[now.fault];
    const auto at = all_.now();
    if (it.every > duration{0}) {
      const auto until = it.until > duration{0} ? begun_ + it.until : end_of_run();
      if (at + it.every < until) steps_.push(at + it.every, {act::turn, now.fault, 0, {}});
    }
    if (befalls_packets(it.kind)) return begin_trouble(now.fault);
    for (const auto node :
         it.kind == fault_kind::join ? std::vector<std::uint32_t>(std::max(it.count, 1u)) : draw(it)) {
      const auto later = from_seconds(to_seconds(it.spread) * random_.unit());
      if (it.kind != fault_kind::join) befallen_.insert(node);
      if (later > duration{0})
        steps_.push(at + later, {act::strike, now.fault, node, {}});
      else
        strike(now.fault, node);
    }
  }

  void begin_trouble(std::uint32_t which) {
    auto it = what_.faults[which];
    it.nodes = draw(it);
    if (it.kind == fault_kind::cut && it.nodes.empty()) return;
    const bool few = it.nodes.size() * 2 < all_.size();
    for (const auto node : it.nodes) {
      if (few) all_.seen_by_all().anomalous(node);
      if (few) meter_.suffers(node);
    }
    ++fired_[name_of(it.kind)];
    const auto ends = it.lasts > duration{0} ? all_.now() + it.lasts : end_of_run();
    active_.emplace_back(which, it);
    steps_.push(ends, {act::end, which, 0, {}});
    apply_troubles();
  }

  void end_trouble(std::uint32_t which) {
    const auto found =
        std::find_if(active_.begin(), active_.end(), [&](const auto& each) { return each.first == which; });
    if (found != active_.end()) active_.erase(found);
    apply_troubles();
    calm_ = std::max(calm_, all_.now());
  }

  void apply_troubles() {
    std::vector<fault> all;
    for (const auto& [which, each] : active_) all.push_back(each);
    all_.set_troubles(all);
    meter_.troubles(all.size());
  }

  std::uint32_t running() const { return all_.seen_by_all().running(); }

  void strike(std::uint32_t which, std::uint32_t node) {
    const auto& it = what_.faults[which];
    if (it.kind == fault_kind::join) return join(which);
    if (node >= all_.size()) return;
    befallen_.erase(node);
    const bool there = all_.running(node) && !all_.paused(node);
    // A paused process can still be killed.
    if (!there && !(all_.running(node) && (it.kind == fault_kind::crash || it.kind == fault_kind::restart)))
      return;
    if (it.kind == fault_kind::leave || it.kind == fault_kind::crash)
      if (running() <= 2) return;
    ++fired_[name_of(it.kind)];
    calm_ = std::max(calm_, all_.now());
    switch (it.kind) {
      case fault_kind::pause:
      case fault_kind::block:
        all_.seen_by_all().anomalous(node);
        if (it.kind == fault_kind::pause)
          all_.pause(node, it.lasts);
        else
          all_.block(node, it.lasts);
        calm_ = std::max(calm_, all_.now() + it.lasts);
        steps_.push(all_.now() + it.lasts, {act::end, which, node, all_.now()});
        return;
      case fault_kind::crash:
        all_.crash(node);
        return steps_.push(all_.now() + detection_bound(), {act::check_crash, which, node, all_.now()});
      case fault_kind::restart:
        all_.crash(node);
        return steps_.push(all_.now() + it.gone, {act::come_back, which, node, {}});
      case fault_kind::leave:
        return all_.leave(node, it.gone);
      case fault_kind::publish:
        return all_.publish(node, what_.services);
      case fault_kind::drain:
        return all_.set_mode(node, membership::mode::draining);
      default:
        return;
    }
  }

  void join(std::uint32_t which) {
    const auto& it = what_.faults[which];
    const auto node = all_.add();
    all_.start(node, some_seeds(node));
    ++fired_["join"];
    calm_ = std::max(calm_, all_.now());
    if (it.lasts > duration{0}) steps_.push(all_.now() + it.lasts, {act::go, which, node, {}});
  }

  duration detection_bound() const { return bound_of(running()); }

  duration bound_of(std::size_t live) const {
    const auto bounds = membership::bounds_of(all_.how().mode.settings, live);
    const auto& settings = all_.how().mode.settings;
    return from_seconds((to_seconds(bounds.longest) + 20 * to_seconds(settings.probe_period)) *
                        (1 + what_.skew)) +
           settings.verdict_wait + 10s;
  }

  void check_crash(const happening& now) {
    const bool came_back = all_.running(now.node);
    if (came_back || last_start_ > now.since || !all_.calm_since(now.since)) return;
    // Where most are gone the others doubt themselves first, and then call the roll.
    const bool few_are_left = 2 * running() <= what_.nodes;
    if (few_are_left && all_.now() - now.since < 2 * bound_of(what_.nodes))
      return steps_.push(now.since + 2 * bound_of(what_.nodes), now);
    all_.seen_by_all().expect_known(now.node, all_.now() - now.since, all_.now());
  }

  void perform(const happening& now) {
    switch (now.what) {
      case act::turn:
        return turn(now);
      case act::strike:
        return strike(now.fault, now.node);
      case act::end:
        if (befalls_packets(what_.faults[now.fault].kind)) end_trouble(now.fault);
        return;
      case act::come_back: {
        if (all_.running(now.node)) return;
        last_start_ = all_.now();
        const auto& it = what_.faults[now.fault];
        all_.start(now.node, some_seeds(now.node), it.disk, it.address);
        calm_ = std::max(calm_, all_.now());
        return;
      }
      case act::go:
        if (all_.running(now.node) && running() > 2) all_.leave(now.node, what_.faults[now.fault].gone);
        calm_ = std::max(calm_, all_.now());
        return;
      case act::check_crash:
        return check_crash(now);
    }
  }

  // --- Time --------------------------------------------------------------------------------------------

  void advance_to(time_point until) {
    while (meter_.next_sample() <= until && !all_.seen_by_all().broken()) {
      all_.run_to(meter_.next_sample());
      meter_.sample();
      if (strict_ && meter_.seconds() % 5 == 0) all_.compare_all();
    }
    all_.run_to(until);
  }

  /// From the end of the last fault: views are to agree again.
  void converge() {
    const auto since = std::max(calm_, meter_.measured_from());
    if (all_.now() < since) advance_to(since);
    const auto limit = std::max(end_of_run(), all_.now()) + what_.settle;
    while (!all_.seen_by_all().broken() && !all_.agree() && all_.now() < limit)
      advance_to(std::min(all_.now() + step, limit));
    if (all_.agree()) {
      if (calm_ > begun_) meter_.converged(since);
    } else if (what_.settle > duration{0}) {
      all_.seen_by_all().expect_agreement(what_.settle, all_.now());
    }
    if (strict_) advance_to(all_.now() + 5s);
  }

  // --- What it came to ---------------------------------------------------------------------------------

  cluster_outcome conclude() {
    auto came = meter_.conclude(calm_);
    count_fired();
    came.broken = all_.seen_by_all().broken();
    came.fired = std::move(fired_);
    came.trace = all_.trace();
    return came;
  }

  void count_fired() {
    const auto& network = all_.weather_counted();
    const auto& counted = all_.counted();
    const auto put = [&](const char* name, std::uint64_t count) {
      if (count > 0) fired_[name] = count;
    };
    put("packets lost", network.lost);
    put("packets cut", network.cut);
    put("packets late", network.late);
    put("packets duplicated", network.duplicated);
    put("packets replayed", counted.replays);
    put("streams broken", network.streams_broken);
    put("sockets full", counted.socket_overflows);
    put("disks lost", counted.lost_disks);
  }

  const cluster_scenario& what_;
  random_source random_;
  cluster all_;
  run_meter meter_;
  time_point begun_;
  time_point calm_{};  // when the last fault ended
  time_point last_start_{};
  bool strict_ = false;
  event_queue<happening> steps_;
  std::vector<std::pair<std::uint32_t, fault>> active_;
  std::set<std::uint32_t> befallen_;  // drawn, and not struck yet
  std::map<std::string, std::uint64_t> fired_;
};

}  // namespace

cluster_outcome play(const cluster_scenario& what, const membership_mode& mode, std::uint64_t seed) {
  return performance(what, mode, seed).run();
}

void add_quantiles(const std::map<std::string, std::vector<double>>& samples,
                   std::map<std::string, double>& figures) {
  for (const auto& [name, values] : samples) {
    auto sorted = values;
    std::sort(sorted.begin(), sorted.end());
    const auto at = [&](double share) {
      const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
      return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
    };
    figures[name + "_p50"] = at(.5);
    figures[name + "_p99"] = at(.99);
    figures[name + "_max"] = sorted.back();
  }
}

}  // namespace troupe::simulator
