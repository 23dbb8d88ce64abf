#include "prequal.hpp"

#include <algorithm>
#include <cmath>

#include "c3.hpp"
#include "choosing.hpp"

namespace troupe::simulator {

namespace {

constexpr std::size_t pool_size = 16;       // m (section 4)
constexpr duration oldest_probe = 1s;       // section 4
constexpr double pool_growth = 1;           // delta
constexpr double most_uses = 16;            // prequal-core: max_reuse
constexpr std::uint32_t failures_out = 5;   // prequal-core: eject_after_failures
constexpr duration first_ejection = 1s;     // prequal-core: base_ejection
constexpr duration longest_ejection = 30s;  // prequal-core: max_ejection
constexpr double most_ejected = .5;         // prequal-core: max_ejected_fraction, of all servers
constexpr duration yarp_poll = 500ms;

double latency_of(const rpc::load_report& load, double workers, prequal_options::estimate how) {
  const double service = to_seconds(load.service_time);
  if (how == prequal_options::estimate::measured) return service + to_seconds(load.queue_delay);
  const double room = load.workers > 0 ? load.workers : std::max(1., workers);
  return service * std::max(1., (load.in_flight + 1) / room);
}

/// Servers that keep failing, and are left out for a while (prequal-core, health.rs).
class ejections {
 public:
  explicit ejections(std::size_t servers) : nodes_(servers) {}

  bool out(server_index which, time_point now) const { return now < nodes_[which].until; }
  void succeeded(server_index which) { nodes_[which].in_a_row = 0; }
  void failed(server_index which, std::size_t present, time_point now) {
    node& its = nodes_[which];
    if (++its.in_a_row < failures_out || out(which, now)) return;
    const auto others =
        std::count_if(nodes_.begin(), nodes_.end(), [&](auto& each) { return now < each.until; });
    if (static_cast<double>(others) + 1 > static_cast<double>(present) * most_ejected) return;
    if (now - its.until > longest_ejection) its.times = 0;
    its.until = now + std::min<duration>(first_ejection * (std::int64_t{1} << std::min(its.times, 10u)),
                                         longest_ejection);
    ++its.times;
    its.in_a_row = 0;
  }

 private:
  struct node {
    std::uint32_t in_a_row = 0, times = 0;
    time_point until{};
  };
  std::vector<node> nodes_;
};

/// Turns a rate per request into whole numbers, evenly.
class even_share {
 public:
  std::size_t take(double rate) {
    owed_ += rate;
    const double whole = std::floor(owed_ + 1e-9);
    owed_ -= whole;
    return static_cast<std::size_t>(whole);
  }

 private:
  double owed_ = 0;
};

class prequal final : public contender {
 public:
  prequal(const contest& of, std::uint64_t seed, const prequal_options& how)
      : how_(how), workers_(of.workers), random_(seed), pool_(pool_size), ejected_(of.servers) {}

  std::optional<server_index> choose(const errand& what, time_point now) override;
  void ended(const verdict& what, time_point now) override;

  void probe(time_point, std::vector<server_index>& out) override {
    out.insert(out.end(), to_probe_.begin(), to_probe_.end());
  }
  void probed(server_index from, const rpc::load_report& load, duration, time_point now) override {
    if (std::binary_search(present_.begin(), present_.end(), from)) pool(from, load, now);
  }

  void appeared(server_index which, time_point) override {
    const auto at = std::lower_bound(present_.begin(), present_.end(), which);
    if (at == present_.end() || *at != which) present_.insert(at, which);
  }
  void left(server_index which, time_point) override {
    std::erase(present_, which);
    pool_.drop_from(which);
  }

 private:
  void pool(server_index from, const rpc::load_report& load, time_point now);
  double score(const pooled_probe& probe) const;
  server_index any_of(std::span<const server_index> candidates, time_point now);
  template <class Eligible>
  std::size_t best(Eligible eligible) const;
  template <class Eligible>
  void evict(Eligible eligible);

  prequal_options how_;
  double workers_;
  random_source random_;
  probe_pool pool_;
  rif_history history_;
  ejections ejected_;
  std::vector<server_index> present_;  // ascending
  std::vector<server_index> to_probe_;
  std::size_t reach_ = 0;  // servers a request may go to
  double unloaded_ = 0;    // s: alpha of the linear rule
  even_share probes_, removals_;
  bool oldest_next_ = true;
};

std::optional<server_index> prequal::choose(const errand& what, time_point now) {
  // Where requests are tied to some of the servers, those are the service that the paper speaks of, and one
  // pool that has room for all serves them all: probes go to the request's own candidates.
  const bool restricted = what.candidates.size() < present_.size();
  reach_ = what.candidates.size();
  if (restricted) pool_.widen(present_.size());
  pool_.drop_older_than(now - oldest_probe);
  const auto allowed = [&](server_index which) {
    return !restricted || std::binary_search(what.candidates.begin(), what.candidates.end(), which);
  };
  const auto eligible = [&](server_index which) { return allowed(which) && !ejected_.out(which, now); };
  std::size_t known = 0;
  for (std::size_t i = 0; i < pool_.size(); ++i) known += eligible(pool_[i].from) ? 1 : 0;

  server_index chosen = 0;
  const auto index = known < 2 ? probe_pool::nothing : best(eligible);
  if (index == probe_pool::nothing) {
    chosen = any_of(what.candidates, now);
  } else {
    chosen = pool_[index].from;
    pool_.use(index);
  }
  for (auto left = removals_.take(how_.removals); left > 0; --left) evict(allowed);
  to_probe_.clear();
  sample(what.candidates, probes_.take(how_.probes), random_, to_probe_);
  return chosen;
}

template <class Eligible>
std::size_t prequal::best(Eligible eligible) const {
  if (how_.ranking != prequal_options::rule::hot_cold) {
    return pool_.first([&](const auto& a, const auto& b) { return score(a) < score(b); }, eligible);
  }
  const auto hot = [limit = history_.threshold(how_.hot_above)](const pooled_probe& it) {
    return it.rif > limit;
  };
  return pool_.first(
      [&](const auto& a, const auto& b) {
        if (hot(a) != hot(b)) return hot(b);
        return hot(a) ? a.rif < b.rif : a.latency < b.latency;
      },
      eligible);
}

// The worst in the order of the rule itself: of the hot the largest RIF, or else the largest latency.
template <class Eligible>
void prequal::evict(Eligible eligible) {
  const auto oldest = [](const auto& a, const auto& b) { return a.at < b.at; };
  const auto worst = [&, limit = history_.threshold(how_.hot_above)](const auto& a, const auto& b) {
    if (how_.ranking != prequal_options::rule::hot_cold) return score(a) > score(b);
    const bool a_hot = a.rif > limit, b_hot = b.rif > limit;
    if (a_hot != b_hot) return a_hot;
    return a_hot ? a.rif > b.rif : a.latency > b.latency;
  };
  const auto index = oldest_next_ ? pool_.first(oldest, eligible) : pool_.first(worst, eligible);
  oldest_next_ = !oldest_next_;
  if (index != probe_pool::nothing) pool_.drop(index);
}

double prequal::score(const pooled_probe& probe) const {
  // Probes take the place of C3's feedback: the own requests are among those that the server counts.
  if (how_.ranking == prequal_options::rule::c3)
    return c3_score({.queue = double(probe.rif), .service = probe.service}, 0, 0);
  return (1 - how_.rif_share) * probe.latency + how_.rif_share * unloaded_ * probe.rif;
}

server_index prequal::any_of(std::span<const server_index> candidates, time_point now) {
  const auto size = candidates.size();
  const auto start = random_.below(static_cast<std::uint32_t>(size));
  for (std::size_t i = 0; i < size; ++i) {
    const auto each = candidates[(start + i) % size];
    if (!ejected_.out(each, now)) return each;
  }
  return candidates[start];
}

void prequal::pool(server_index from, const rpc::load_report& load, time_point now) {
  // Alpha, "the median latency of a request": of the service times heard of, about the last hundred.
  const double service = to_seconds(load.service_time);
  unloaded_ = unloaded_ == 0 ? service : unloaded_ + .01 * (service - unloaded_);
  history_.add(load.in_flight);
  const double inflow = how_.probes + (how_.replies == prequal_options::reports::pooled ? 1 : 0);
  const auto servers = static_cast<double>(reach_ == 0 ? present_.size() : reach_);
  const double uses = prequal_reuse(pool_size, servers, inflow, how_.removals);
  const double whole = std::floor(uses);
  const auto rounded = static_cast<std::uint32_t>(whole) + (random_.unit() < uses - whole ? 1u : 0u);
  pool_.add({from, now, load.in_flight, latency_of(load, workers_, how_.latency), service, rounded});
}

void prequal::ended(const verdict& what, time_point now) {
  if (how_.upon_failure == prequal_options::failures::eject) {
    if (what.how == ending::success) {
      ejected_.succeeded(what.from);
    } else {
      pool_.drop_from(what.from);  // who fails fast looks idle
      ejected_.failed(what.from, present_.size(), now);
      return;
    }
  }
  if (how_.replies == prequal_options::reports::ignored || what.load == nullptr) return;
  if (!std::binary_search(present_.begin(), present_.end(), what.from)) return;
  auto load = *what.load;
  if (load.in_flight > 0) --load.in_flight;  // the one that it answers
  pool(what.from, load, now);
}

class yarp_p2c final : public contender {
 public:
  yarp_p2c(const contest& of, std::uint64_t seed) : random_(seed), rif_(of.servers, 0) {}

  std::optional<server_index> choose(const errand& what, time_point) override {
    const auto [first, second] = two_of(what.candidates, random_);
    return rif_[first] <= rif_[second] ? first : second;
  }
  void ended(const verdict&, time_point) override {}

  void probe(time_point now, std::vector<server_index>& out) override {
    if (now < next_poll_) return;
    // Routers poll at times of their own.
    next_poll_ =
        now + (next_poll_ == time_point{} ? from_seconds(random_.unit() * to_seconds(yarp_poll)) : yarp_poll);
    out.insert(out.end(), present_.begin(), present_.end());
  }
  void probed(server_index from, const rpc::load_report& load, duration, time_point) override {
    rif_[from] = load.in_flight;
  }
  void appeared(server_index which, time_point) override {
    rif_[which] = 0;
    present_.push_back(which);
  }
  void left(server_index which, time_point) override { std::erase(present_, which); }

 private:
  random_source random_;
  std::vector<std::uint32_t> rif_;
  std::vector<server_index> present_;
  time_point next_poll_{};
};

}  // namespace

void probe_pool::add(const pooled_probe& probe) {
  drop_from(probe.from);
  probes_.push_back(probe);
  if (probes_.size() > capacity_)
    drop(first([](const auto& a, const auto& b) { return a.at < b.at; }, [](server_index) { return true; }));
}

void probe_pool::drop_older_than(time_point when) {
  std::erase_if(probes_, [&](const auto& each) { return each.at < when; });
}

void probe_pool::drop_from(server_index which) {
  std::erase_if(probes_, [&](const auto& each) { return each.from == which; });
}

void probe_pool::drop(std::size_t index) {
  probes_[index] = probes_.back();
  probes_.pop_back();
}

void probe_pool::use(std::size_t index) {
  ++probes_[index].rif;
  if (--probes_[index].uses_left == 0) drop(index);
}

void rif_history::add(std::uint32_t rif) {
  if (recent_.size() < capacity) {
    recent_.push_back(rif);
  } else {
    sorted_.erase(std::lower_bound(sorted_.begin(), sorted_.end(), recent_[next_]));
    recent_[next_] = rif;
    next_ = (next_ + 1) % capacity;
  }
  sorted_.insert(std::upper_bound(sorted_.begin(), sorted_.end(), rif), rif);
}

std::uint32_t rif_history::threshold(double q) const {
  if (sorted_.empty()) return std::numeric_limits<std::uint32_t>::max();
  return sorted_[static_cast<std::size_t>(q * static_cast<double>(sorted_.size() - 1))];
}

double prequal_reuse(double pool, double servers, double probes, double removals) {
  const double surplus = (1 - pool / servers) * probes - removals;
  return surplus <= 0 ? most_uses : std::clamp((1 + pool_growth) / surplus, 1., most_uses);
}

std::unique_ptr<contender> make_prequal(const contest& of, std::uint64_t seed, const prequal_options& how) {
  return std::make_unique<prequal>(of, seed, how);
}

std::unique_ptr<contender> make_yarp_p2c(const contest& of, std::uint64_t seed) {
  return std::make_unique<yarp_p2c>(of, seed);
}

}  // namespace troupe::simulator
