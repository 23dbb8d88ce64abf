#include <algorithm>
#include <limits>

#include <troupe/balance/policies.hpp>

namespace troupe::balance {

namespace {

using candidate_span = std::span<const replica_index>;

constexpr double quantile_hot = 0.8408964152537145;  // 2^-0.25
constexpr double last_resort = 1e6;                  // times the burden of who is known

std::uint32_t size_of(candidate_span all) { return static_cast<std::uint32_t>(all.size()); }

/// Nothing, or nothing good, is known of it yet.
bool is_doubtful(const replica_set& replicas, replica_index i) {
  return replicas.is(i, standing::suspected) || (replicas.is_unseen(i) && replicas.own_in_flight(i) > 0);
}

double fullness(const replica_set& replicas, replica_index i) {
  return (replicas.load(i) + 1) / replicas.capacity(i);
}

/// The nth of those whose value is at most `limit`. There must be one.
template <class Values>
std::size_t nth_within(const Values& values, double limit, std::uint32_t nth) {
  std::size_t k = 0;
  while (values[k] > limit || nth-- > 0) ++k;
  return k;
}

}  // namespace

std::unique_ptr<policy> make_policy(policy_kind kind) {
  switch (kind) {
    case policy_kind::dynamic_score:
      return std::make_unique<dynamic_score>();
    case policy_kind::by_load:
      return std::make_unique<by_load>();
    case policy_kind::by_latency:
      return std::make_unique<by_latency>();
    case policy_kind::by_faults:
      return std::make_unique<by_faults>();
    case policy_kind::round_robin:
      return std::make_unique<round_robin>();
    case policy_kind::weighted:
      return std::make_unique<weighted>();
    case policy_kind::weighted_by_metrics:
      return std::make_unique<weighted_by_metrics>();
    case policy_kind::random:
      return std::make_unique<uniform_random>();
    case policy_kind::least_loaded:
      return std::make_unique<least_loaded>();
    case policy_kind::peak_ewma:
      return std::make_unique<peak_ewma>();
    case policy_kind::consistent_hash:
      return std::make_unique<consistent_hash>();
    case policy_kind::maglev:
      return std::make_unique<maglev>();
    case policy_kind::hcl:
      return std::make_unique<hcl>();
    case policy_kind::c3:
      return std::make_unique<c3>();
  }
  return std::make_unique<dynamic_score>();
}

replica_index dynamic_score::pick(replica_set& replicas, candidate_span candidates, const request& what,
                                  random_source& random) {
  if (what.key) {
    const options& settings = replicas.settings();
    if (const auto owner = replicas.owner(*what.key, settings.affinity_load_max, candidates)) {
      const double lowest = replicas.lowest_score(candidates);
      const double dearer = replicas.score(*owner) - lowest;
      if (lowest < 0 || dearer <= settings.weight.affinity + settings.tie) return *owner;
    }
  }
  const replica_set::best found = replicas.draw_lowest(candidates, random);
  replicas.note_runner_up(found.runner_up);
  return found.replica;
}

// --- One quantity, the lowest of all -------------------------------------------------------------------

replica_index least_burdened::pick(replica_set& replicas, candidate_span candidates, const request&,
                                   random_source& random) {
  burdens_.resize(candidates.size());
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < candidates.size(); ++k) {
    const replica_index i = candidates[k];
    if (replicas.wants_trial(i)) return i;
    burdens_[k] = burden(replicas, i) * (is_doubtful(replicas, i) ? last_resort : 1);
    least = std::min(least, burdens_[k]);
  }
  const double limit = least * (1 + replicas.settings().tie);
  std::uint32_t equals = 0;
  for (const double each : burdens_) equals += each <= limit;
  return candidates[nth_within(burdens_, limit, random.below(equals))];
}

double by_load::burden(const replica_set& replicas, replica_index i) const { return fullness(replicas, i); }

double by_latency::burden(const replica_set& replicas, replica_index i) const {
  return replicas.expected_latency(i) + to_seconds(replicas.settings().cost_floor);
}

double c3::burden(const replica_set& replicas, replica_index i) const {
  const double service = replicas.now().base * replicas.slowness(i);
  const double queue = 1 + replicas.load(i);
  return replicas.expected_latency(i) - service + queue * queue * queue * service;
}

replica_index by_faults::pick(replica_set& replicas, candidate_span candidates, const request& what,
                              random_source& random) {
  failing_.resize(candidates.size());
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < candidates.size(); ++k) {
    const replica_index i = candidates[k];
    if (replicas.wants_trial(i)) return i;
    failing_[k] = 1 - replicas.success(i) + (is_doubtful(replicas, i) ? 1 : 0);
    least = std::min(least, failing_[k]);
  }
  equals_.reserve(candidates.size());
  equals_.clear();
  for (std::size_t k = 0; k < candidates.size(); ++k)
    if (failing_[k] <= least + replicas.settings().tie) equals_.push_back(candidates[k]);
  return among_equals_.pick(replicas, equals_, what, random);
}

replica_index hcl::pick(replica_set& replicas, candidate_span candidates, const request& what,
                        random_source& random) {
  // Floyd's sampling: as many as the pool holds, none twice.
  const std::uint32_t count = size_of(candidates);
  const std::uint32_t wanted = std::min(count, pool_max);
  std::array<double, pool_max> in_flight{};
  std::uint32_t drawn = 0;
  const auto pool_end = [&] { return pool_.begin() + drawn; };
  for (std::uint32_t last = count - wanted; last < count; ++last) {
    replica_index i = candidates[random.below(last + 1)];
    if (std::find(pool_.begin(), pool_end(), i) != pool_end()) i = candidates[last];
    if (replicas.wants_trial(i)) return i;
    in_flight[drawn] = replicas.load(i);
    pool_[drawn++] = i;
  }
  std::array<double, pool_max> sorted = in_flight;
  const auto quantile = sorted.begin() + static_cast<std::ptrdiff_t>(quantile_hot * (drawn - 1));
  std::nth_element(sorted.begin(), quantile, sorted.begin() + drawn);
  std::uint32_t cold = 0;
  for (std::uint32_t k = 0; k < drawn; ++k)
    if (in_flight[k] <= *quantile) pool_[cold++] = pool_[k];
  return among_cold_.pick(replicas, candidate_span(pool_).first(cold), what, random);
}

// --- One quantity, the lower of two --------------------------------------------------------------------

replica_index two_choices::pick(replica_set& replicas, candidate_span candidates, const request&,
                                random_source& random) {
  const std::uint32_t count = size_of(candidates);
  if (count == 1) return candidates[0];
  const std::uint32_t first = random.below(count);
  const std::uint32_t second = random.below(count - 1);
  const replica_index a = candidates[first];
  const replica_index b = candidates[second + (second >= first ? 1 : 0)];
  if (replicas.wants_trial(a)) return a;
  if (replicas.wants_trial(b)) return b;
  const bool doubt = is_doubtful(replicas, a);
  if (doubt != is_doubtful(replicas, b)) return doubt ? b : a;
  return burden(replicas, a) <= burden(replicas, b) ? a : b;
}

double least_loaded::burden(const replica_set& replicas, replica_index i) const {
  return fullness(replicas, i);
}

double peak_ewma::burden(const replica_set& replicas, replica_index i) const {
  return replicas.expected_latency(i);
}

// --- Turns, weights, chance ----------------------------------------------------------------------------

replica_index round_robin::pick(replica_set&, candidate_span candidates, const request&, random_source&) {
  const auto found = std::lower_bound(candidates.begin(), candidates.end(), next_);
  const replica_index picked = found == candidates.end() ? candidates.front() : *found;
  next_ = picked + 1;
  return picked;
}

replica_index in_proportion::pick(replica_set& replicas, candidate_span candidates, const request&,
                                  random_source&) {
  if (credit_.size() < replicas.size()) credit_.resize(replicas.size());
  double total = 0;
  replica_index best = candidates[0];
  for (const replica_index i : candidates) {
    const double earned = weight(replicas, i);
    credit_[i] += earned;
    total += earned;
    if (credit_[i] > credit_[best]) best = i;
  }
  credit_[best] -= total;
  return best;
}

double weighted::weight(const replica_set& replicas, replica_index i) const {
  return replicas.facts(i).weight;
}

double weighted_by_metrics::weight(const replica_set& replicas, replica_index i) const {
  return replicas.capacity(i) * replicas.success(i) / replicas.slowness(i);
}

replica_index uniform_random::pick(replica_set&, candidate_span candidates, const request&,
                                   random_source& random) {
  return candidates[random.below(size_of(candidates))];
}

// --- Keys ----------------------------------------------------------------------------------------------

replica_index consistent_hash::pick(replica_set& replicas, candidate_span candidates, const request& what,
                                    random_source& random) {
  if (!what.key) return without_key_.pick(replicas, candidates, what, random);
  const auto owner = replicas.owner(*what.key, replicas.settings().affinity_load_max, candidates);
  return owner ? *owner : without_key_.pick(replicas, candidates, what, random);
}

void maglev::build(const replica_set& replicas) {
  members_.clear();
  for (replica_index i = 0; i < replicas.size(); ++i)
    if (!replicas.is(i, standing::absent)) members_.push_back({replicas.hash(i), i});
  table_.build(members_);
  generation_ = replicas.generation();
}

replica_index maglev::pick(replica_set& replicas, candidate_span candidates, const request& what,
                           random_source& random) {
  if (!what.key) return otherwise_.pick(replicas, candidates, what, random);
  if (table_.empty() || generation_ != replicas.generation()) build(replicas);
  const double bound = replicas.fullest(replicas.settings().affinity_load_max);
  for (std::uint32_t nth = 0; nth < key_ring::probes; ++nth) {
    const replica_index i = table_.owner(*what.key, nth);
    if (replicas.is_among(i, candidates) && replicas.load(i) + 1 <= bound) return i;
  }
  return otherwise_.pick(replicas, candidates, what, random);
}

}  // namespace troupe::balance
