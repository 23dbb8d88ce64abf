#include <algorithm>
#include <limits>

#include <troupe/balance/policies.hpp>
#include <troupe/balance/score.hpp>
#include <troupe/base/hash.hpp>

namespace troupe::balance {

namespace {
using candidate_span = std::span<const replica_index>;
}

replica_index owner_of(const fleet& replicas, candidate_span candidates, std::uint64_t key, double load_max) {
  double total = 0;
  for (replica_index i : candidates) total += replicas.load(i) + 1;
  const double bound = std::max(1., load_max * total / static_cast<double>(candidates.size()));
  const std::uint64_t mixed = mix(key);
  replica_index first = candidates[0];
  replica_index fitting = first;
  std::uint64_t highest = 0;
  std::uint64_t highest_fitting = 0;
  for (replica_index i : candidates) {
    const std::uint64_t rank = mix(replicas.hash(i) ^ mixed) | 1;
    if (rank > highest) {
      highest = rank;
      first = i;
    }
    if (rank > highest_fitting && replicas.load(i) + 1 <= bound) {
      highest_fitting = rank;
      fitting = i;
    }
  }
  return highest_fitting != 0 ? fitting : first;
}

replica_index dynamic_score::pick(fleet& replicas, candidate_span candidates, const request& what,
                                  random_source& random) {
  const options& settings = replicas.settings();
  if (scores_.size() < candidates.size()) scores_.resize(candidates.size() * 2);
  const bool keyed = what.key.has_value();
  replica_index owner = 0;
  if (keyed) {
    owner = owner_of(replicas, candidates, *what.key, std::numeric_limits<double>::max());
    const replica_index fitting = owner_of(replicas, candidates, *what.key, settings.affinity_load_max);
    if (fitting != owner) owner = ~replica_index{0};
  }
  double lowest = std::numeric_limits<double>::max();
  replica_index trials = 0;
  for (std::size_t k = 0; k < candidates.size(); ++k) {
    const replica_index i = candidates[k];
    // Curiosity, bounded to one call: without it, a new replica that looks average is never found out.
    if (!keyed && replicas.wants_trial(i)) {
      if (trials++ == 0) lowest = -1;
      scores_[k] = -1;
      continue;
    }
    term_values terms = terms_of(replicas, i);
    if (keyed && i != owner) terms[static_cast<std::size_t>(score_term::affinity)] = 1;
    scores_[k] = sum_of(settings.weight, terms);
    lowest = std::min(lowest, scores_[k]);
  }
  const double limit = trials > 0 ? -1 : lowest + settings.tie;
  std::uint32_t equals = 0;
  for (std::size_t k = 0; k < candidates.size(); ++k) equals += scores_[k] <= limit;
  std::uint32_t drawn = equals > 1 ? random.below(equals) : 0;
  for (std::size_t k = 0; k < candidates.size(); ++k)
    if (scores_[k] <= limit && drawn-- == 0) return candidates[k];
  return candidates[0];
}

replica_index consistent_hash::pick(fleet& replicas, candidate_span candidates, const request& what,
                                    random_source& random) {
  if (!what.key) return without_key_.pick(replicas, candidates, what, random);
  return owner_of(replicas, candidates, *what.key, replicas.settings().affinity_load_max);
}

replica_index round_robin::pick(fleet&, candidate_span candidates, const request&, random_source&) {
  const auto found = std::lower_bound(candidates.begin(), candidates.end(), next_);
  const replica_index picked = found == candidates.end() ? candidates.front() : *found;
  next_ = picked + 1;
  return picked;
}

replica_index smooth_weighted::pick(fleet& replicas, candidate_span candidates, const request&,
                                    random_source&) {
  if (credit_.size() < replicas.size()) credit_.resize(replicas.size());
  double total = 0;
  replica_index best = candidates[0];
  for (replica_index i : candidates) {
    const double weight = replicas.facts(i).weight;
    credit_[i] += weight;
    total += weight;
    if (credit_[i] > credit_[best]) best = i;
  }
  credit_[best] -= total;
  return best;
}

replica_index least_loaded::pick(fleet& replicas, candidate_span candidates, const request&,
                                 random_source& random) {
  const auto count = static_cast<std::uint32_t>(candidates.size());
  if (count == 1) return candidates[0];
  const std::uint32_t first = random.below(count);
  const std::uint32_t second = (first + 1 + random.below(count - 1)) % count;
  const replica_index a = candidates[first];
  const replica_index b = candidates[second];
  const auto fullness = [&](replica_index i) { return (replicas.load(i) + 1) / replicas.capacity(i); };
  return fullness(a) <= fullness(b) ? a : b;
}

replica_index uniform_random::pick(fleet&, candidate_span candidates, const request&, random_source& random) {
  return candidates[random.below(static_cast<std::uint32_t>(candidates.size()))];
}

}  // namespace troupe::balance
