#include "play.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace troupe::simulator {

namespace {

constexpr duration step = 50ms;
constexpr duration agreement_sampled = 5s;
/// What a fault's end stirs up is measured for so long at least.
constexpr duration afterwards = 10s;
/// A node is degraded once so many of those who are well say so.
constexpr double most_observers = .9;

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
      : what_(what), random_(mix(seed + 77)), all_(options_for(what, mode, seed)), begun_(all_.now()) {}

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
      return mark();
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
    if (formed) figures_["formed_s"] = to_seconds(all_.now() - begun_);
    if (!formed && what_.settle > duration{0})
      all_.seen_by_all().expect_agreement(all_.now() - begun_, all_.now());
    figures_["first_cpu_ms"] = to_millis(all_.cpu_of_first());
    figures_["first_kb"] = static_cast<double>(all_.sent_by(0)) / 1000;
    figures_["formed_kb_per_node"] =
        static_cast<double>(all_.counted().packet_bytes + all_.counted().stream_bytes) / 1000 / what_.nodes;
    begun_ = all_.now();
    mark();
  }

  void mark() {
    at_mark_ = all_.counted();
    second_mark_ = total_bytes();
    next_second_ = begun_ + 1s;
    next_agreement_ = begun_ + agreement_sampled;
  }

  void plan() {
    for (std::uint32_t k = 0; k < what_.faults.size(); ++k) {
      const auto& each = what_.faults[k];
      steps_.push(begun_ + each.at, {act::turn, k, 0, {}});
    }
    measured_from_ = what_.faults.empty() ? begun_ : begun_ + what_.faults.front().at;
    for (const auto& each : what_.faults) measured_from_ = std::min(measured_from_, begun_ + each.at);
    if (wants("cpu_us_per_node_s")) all_.record(what_.nodes / 2);
  }

  bool wants(const char* figure) const {
    return std::find(what_.figures.begin(), what_.figures.end(), figure) != what_.figures.end();
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
      if (few) suffering_.try_emplace(node, all_.now());
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

  std::uint64_t total_bytes() const { return all_.counted().packet_bytes + all_.counted().stream_bytes; }

  void advance_to(time_point until) {
    while (next_second_ <= until && !all_.seen_by_all().broken()) {
      all_.run_to(next_second_);
      sample();
    }
    all_.run_to(until);
  }

  void sample() {
    next_second_ += 1s;
    const auto bytes = total_bytes();
    const auto& seen = all_.seen_by_all();
    over_time_.push_back({static_cast<double>(bytes - second_mark_) / std::max(1u, running()),
                          static_cast<double>(seen.disagreements()),
                          static_cast<double>(seen.counted().false_positives)});
    second_mark_ = bytes;
    if (strict_ && over_time_.size() % 5 == 0) all_.compare_all();
    if (!suffering_.empty() && wants("degraded_s_p50")) sample_degraded();
    if (wants("views_agree_percent") && all_.now() >= next_agreement_) sample_agreement();
    if (wants("members_peak_ratio") && running() > 0) sample_state();
  }

  void sample_degraded() {
    for (auto each = suffering_.begin(); each != suffering_.end();) {
      const auto& [node, since] = *each;
      std::uint32_t observers = 0, say = 0;
      for (std::uint32_t other = 0; other < all_.size(); ++other) {
        if (!all_.seen_by_all().is_sound(other)) continue;
        ++observers;
        const auto* held = all_.brain(other).members().find(all_.id(node));
        say += held != nullptr && (held->degraded || !membership::is_live(held->state));
      }
      if (say < most_observers * observers) {
        ++each;
        continue;
      }
      samples_["degraded_s"].push_back(to_seconds(all_.now() - since));
      each = suffering_.erase(each);
    }
  }

  /// Of those who are well, how many are of the majority's opinion about each: live or not.
  void sample_agreement() {
    next_agreement_ += agreement_sampled;
    if (active_.empty() || all_.now() < measured_from_ + 30s) return;
    const auto& seen = all_.seen_by_all();
    double agree = 0, pairs = 0;
    for (std::uint32_t subject = 0; subject < all_.size(); ++subject) {
      double live = 0, observers = 0;
      for (std::uint32_t other = 0; other < all_.size(); ++other) {
        if (other == subject || !seen.is_sound(other)) continue;
        const auto held = seen.seen(other, subject);
        ++observers;
        live += held && membership::is_live(*held);
      }
      agree += std::max(live, observers - live);
      pairs += observers;
    }
    agreed_.push_back(pairs > 0 ? 100 * agree / pairs : 100);
  }

  void sample_state() {
    std::size_t most = 0;
    for (const auto node : all_.running_nodes()) most = std::max(most, all_.brain(node).members().size());
    peaks_.push_back(static_cast<double>(most));
  }

  /// From the end of the last fault: views are to agree again.
  void converge() {
    const auto since = std::max(calm_, measured_from_);
    if (all_.now() < since) advance_to(since);
    const auto limit = std::max(end_of_run(), all_.now()) + what_.settle;
    while (!all_.seen_by_all().broken() && !all_.agree() && all_.now() < limit)
      advance_to(std::min(all_.now() + step, limit));
    if (all_.agree()) {
      if (calm_ > begun_) samples_["converged_s"].push_back(to_seconds(all_.now() - since));
    } else if (what_.settle > duration{0}) {
      all_.seen_by_all().expect_agreement(what_.settle, all_.now());
    }
    if (strict_) advance_to(all_.now() + 5s);
  }

  // --- Figures -----------------------------------------------------------------------------------------

  void add_news() {
    const auto& seen = all_.seen_by_all();
    static constexpr const char* kinds[] = {"gone", "present", "document"};
    std::map<std::uint32_t, std::size_t> youngest;
    for (std::size_t k = 0; k < seen.news().size(); ++k) youngest[seen.news()[k].subject] = k;
    for (std::size_t k = 0; k < seen.news().size(); ++k) {
      const auto& item = seen.news()[k];
      if (item.happened < measured_from_) continue;
      const std::string kind = kinds[static_cast<std::size_t>(item.what)];
      // What was overtaken by younger news has no end.
      if (item.all == never && youngest[item.subject] != k) continue;
      const auto add = [&](const char* name, time_point at) {
        samples_[kind + name].push_back(to_seconds((at == never ? all_.now() : at) - item.happened));
      };
      add("_first_s", item.first);
      add("_most_s", item.most);
      add("_all_s", item.all);
      if (item.all == never) ++figures_[kind + "_unknown"];
    }
  }

  void add_traffic() {
    const double seconds = to_seconds(all_.now() - begun_);
    const auto& counted = all_.counted();
    const double nodes = std::max(1u, running());
    const auto per_node = [&](std::uint64_t now, std::uint64_t before) {
      return static_cast<double>(now - before) / seconds / nodes;
    };
    if (seconds <= 0) return;
    figures_["packets_per_node_s"] = per_node(counted.packets, at_mark_.packets);
    figures_["packet_bytes_per_node_s"] = per_node(counted.packet_bytes, at_mark_.packet_bytes);
    figures_["bytes_per_node_s"] =
        per_node(counted.packet_bytes + counted.stream_bytes, at_mark_.packet_bytes + at_mark_.stream_bytes);
    const auto index = [&](time_point at) {
      return static_cast<std::size_t>(std::max<std::int64_t>(0, (at - begun_) / 1s));
    };
    constexpr std::size_t window = 5;
    const auto fault = std::min(index(measured_from_), over_time_.size());
    const auto mean = [&](std::size_t from, std::size_t to) {
      double sum = 0;
      for (auto k = from; k < to; ++k) sum += over_time_[k].bytes_per_node;
      return to > from ? sum / static_cast<double>(to - from) : 0;
    };
    if (fault < window) return;
    const double base = mean(0, fault);
    double most = 0;
    for (auto k = index(std::max(calm_, measured_from_)); k + window <= over_time_.size(); ++k)
      most = std::max(most, mean(k, k + window));
    if (base > 0 && most > 0) figures_["traffic_ratio"] = most / base;
  }

  cluster_outcome conclude() {
    const auto& seen = all_.seen_by_all();
    const auto& counted = seen.counted();
    figures_["false_positives"] = static_cast<double>(counted.false_positives);
    figures_["false_positives_healthy"] = static_cast<double>(counted.false_positives_at_healthy);
    figures_["wrong_deaths"] = static_cast<double>(counted.wrong_deaths);
    figures_["wrong_accusations"] = static_cast<double>(counted.wrong_accusations);
    figures_["suspicions"] = static_cast<double>(counted.suspicions_by_hand);
    figures_["batches_max"] = seen.batches_max();
    figures_["batches_mean"] = seen.batches_mean();
    figures_["virtual_s"] = to_seconds(all_.now() - begun_);
    if (!agreed_.empty()) {
      double sum = 0;
      for (const double each : agreed_) sum += each;
      figures_["views_agree_percent"] = sum / static_cast<double>(agreed_.size());
    }
    if (peaks_.size() >= 10) {
      const auto half = peaks_.begin() + static_cast<std::ptrdiff_t>(peaks_.size() / 2);
      figures_["members_peak_ratio"] =
          *std::max_element(half, peaks_.end()) / std::max(1., *std::max_element(peaks_.begin(), half));
      figures_["members_peak"] = *std::max_element(peaks_.begin(), peaks_.end());
    }
    if (!suffering_.empty() && wants("degraded_s_p50"))
      for (const auto& [node, since] : suffering_)
        samples_["degraded_s"].push_back(to_seconds(all_.now() - since));
    if (wants("cpu_us_per_node_s"))
      figures_["cpu_us_per_node_s"] = all_.cost_of_recorded(3) * 1e6 / to_seconds(all_.now() - begun_);
    add_news();
    add_traffic();
    count_fired();
    return {std::move(figures_), std::move(samples_), std::move(over_time_),
            seen.broken(),       std::move(fired_),   all_.trace()};
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
  time_point begun_;
  time_point measured_from_{};
  time_point calm_{};  // when the last fault ended
  time_point last_start_{};
  bool strict_ = false;
  event_queue<happening> steps_;
  std::vector<std::pair<std::uint32_t, fault>> active_;
  std::set<std::uint32_t> befallen_;               // drawn, and not struck yet
  std::map<std::uint32_t, time_point> suffering_;  // since when, until it is known to be degraded
  cluster::counters at_mark_;
  std::uint64_t second_mark_ = 0;
  time_point next_second_{}, next_agreement_{};
  std::vector<second> over_time_;
  std::vector<double> agreed_, peaks_;
  std::map<std::string, double> figures_;
  std::map<std::string, std::vector<double>> samples_;
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
