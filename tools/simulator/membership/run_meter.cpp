#include "run_meter.hpp"

#include <algorithm>
#include <utility>

namespace troupe::simulator {

namespace {

constexpr duration agreement_sampled = 5s;
/// A node is degraded once so many of those who are well say so.
constexpr double most_observers = .9;

}  // namespace

run_meter::run_meter(const cluster_scenario& what, cluster& all)
    : what_(what), all_(all), begun_(all.now()) {}

bool run_meter::wants(const char* figure) const {
  return std::find(what_.figures.begin(), what_.figures.end(), figure) != what_.figures.end();
}

std::uint32_t run_meter::running() const { return all_.seen_by_all().running(); }

std::uint64_t run_meter::total_bytes() const {
  return all_.counted().packet_bytes + all_.counted().stream_bytes;
}

// --- The beginning ---------------------------------------------------------------------------------------

void run_meter::formed() { figures_["formed_s"] = to_seconds(all_.now() - begun_); }

void run_meter::started() {
  figures_["first_cpu_ms"] = to_millis(all_.cpu_of_first());
  figures_["first_kb"] = static_cast<double>(all_.sent_by(0)) / 1000;
  figures_["formed_kb_per_node"] = static_cast<double>(total_bytes()) / 1000 / what_.nodes;
}

void run_meter::begin() {
  begun_ = all_.now();
  at_mark_ = all_.counted();
  second_mark_ = total_bytes();
  next_second_ = begun_ + 1s;
  next_agreement_ = begun_ + agreement_sampled;
  measured_from_ = what_.faults.empty() ? begun_ : begun_ + what_.faults.front().at;
  for (const auto& each : what_.faults) measured_from_ = std::min(measured_from_, begun_ + each.at);
  if (wants("cpu_us_per_node_s")) all_.record(what_.nodes / 2);
}

// --- While it runs ---------------------------------------------------------------------------------------

void run_meter::suffers(std::uint32_t node) { suffering_.try_emplace(node, all_.now()); }

void run_meter::converged(time_point since) {
  samples_["converged_s"].push_back(to_seconds(all_.now() - since));
}

void run_meter::sample() {
  next_second_ += 1s;
  const auto bytes = total_bytes();
  const auto& seen = all_.seen_by_all();
  over_time_.push_back({static_cast<double>(bytes - second_mark_) / std::max(1u, running()),
                        static_cast<double>(seen.disagreements()),
                        static_cast<double>(seen.counted().false_positives)});
  second_mark_ = bytes;
  if (!suffering_.empty() && wants("degraded_s_p50")) sample_degraded();
  if (wants("views_agree_percent") && all_.now() >= next_agreement_) sample_agreement();
  if (wants("members_peak_ratio") && running() > 0) sample_state();
}

void run_meter::sample_degraded() {
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
void run_meter::sample_agreement() {
  next_agreement_ += agreement_sampled;
  if (troubles_ == 0 || all_.now() < measured_from_ + 30s) return;
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

void run_meter::sample_state() {
  std::size_t most = 0;
  for (const auto node : all_.running_nodes()) most = std::max(most, all_.brain(node).members().size());
  peaks_.push_back(static_cast<double>(most));
}

// --- Figures ---------------------------------------------------------------------------------------------

void run_meter::add_news() {
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

void run_meter::add_traffic(time_point calm) {
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
  for (auto k = index(std::max(calm, measured_from_)); k + window <= over_time_.size(); ++k)
    most = std::max(most, mean(k, k + window));
  if (base > 0 && most > 0) figures_["traffic_ratio"] = most / base;
}

cluster_outcome run_meter::conclude(time_point calm) {
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
  add_traffic(calm);
  cluster_outcome came;
  came.figures = std::move(figures_);
  came.samples = std::move(samples_);
  came.over_time = std::move(over_time_);
  return came;
}

}  // namespace troupe::simulator
