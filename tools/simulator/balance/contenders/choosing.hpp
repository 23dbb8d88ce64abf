// What most contenders have in common: their own requests in flight, two servers at random, the least of
// many.
//
// Randomness is in the router (its seed), never in the order of servers: equal servers are drawn from alike,
// or else all routers would start with the same one.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "../contender.hpp"

namespace troupe::simulator {

/// A contender that knows how many of its requests each server has.
class counting_contender : public contender {
 public:
  counting_contender(const contest& of, std::uint64_t seed) : random_(seed), in_flight_(of.servers, 0) {}

  std::optional<server_index> choose(const errand& what, time_point now) final {
    const auto chosen = pick(what, now);
    if (chosen) ++in_flight_[*chosen];
    return chosen;
  }
  void ended(const verdict& what, time_point now) final {
    --in_flight_[what.from];
    learn(what, now);
  }

 protected:
  /// As `choose`, before the request counts.
  virtual std::optional<server_index> pick(const errand& what, time_point now) = 0;
  /// As `ended`, when the request counts no more.
  virtual void learn(const verdict& what, time_point now) { (void)what, (void)now; }

  std::uint32_t in_flight(server_index which) const { return in_flight_[which]; }

  random_source random_;

 private:
  std::vector<std::uint32_t> in_flight_;
};

/// The server of least `cost(server)`, of equal ones a random one. `among` must not be empty.
template <class Cost>
server_index least(std::span<const server_index> among, random_source& random, Cost&& cost) {
  auto chosen = among.front();
  double lowest = std::numeric_limits<double>::infinity();
  std::uint32_t equals = 0;
  for (const auto each : among) {
    const double its = cost(each);
    if (its < lowest) {
      lowest = its;
      chosen = each;
      equals = 1;
    } else if (its == lowest && random.below(++equals) == 0) {
      chosen = each;
    }
  }
  return chosen;
}

inline server_index one_of(std::span<const server_index> among, random_source& random) {
  return among[random.below(static_cast<std::uint32_t>(among.size()))];
}

struct two_choices {
  server_index first = 0, second = 0;  // the same only where there is but one
};

inline two_choices two_of(std::span<const server_index> among, random_source& random) {
  const auto size = static_cast<std::uint32_t>(among.size());
  if (size == 1) return {among[0], among[0]};
  const auto first = random.below(size);
  auto second = random.below(size - 1);
  if (second >= first) ++second;
  return {among[first], among[second]};
}

/// Up to `count` different ones at random, appended to `out`. For counts much smaller than `among`, or all.
inline void sample(std::span<const server_index> among, std::size_t count, random_source& random,
                   std::vector<server_index>& out) {
  if (count >= among.size()) {
    out.insert(out.end(), among.begin(), among.end());
    return;
  }
  const auto start = out.size();
  while (out.size() - start < count) {
    const auto drawn = one_of(among, random);
    bool fresh = true;
    for (auto i = start; i < out.size(); ++i) fresh = fresh && out[i] != drawn;
    if (fresh) out.push_back(drawn);
  }
}

}  // namespace troupe::simulator
