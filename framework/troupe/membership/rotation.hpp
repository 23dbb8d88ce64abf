// Whose turn it is to be probed, and who is picked at random.
//
// Probing in shuffled rounds bounds the time until a crash is first noticed: everybody is probed within two
// rounds, where drawing at random only promises it on average (SWIM, section 4.3).
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/random.hpp>

namespace troupe::membership {

class rotation {
 public:
  /// A newcomer gets a random place. No effect when it is there already.
  void insert(node_id who, random_source& random);

  /// The next one for whom `accepts(node_id)` holds; 0 when there is none. Those that are not accepted are
  /// dropped at the end of the round.
  template <class Accepts>
  node_id next(random_source& random, Accepts&& accepts) {
    for (int round = 0; round < 2; ++round) {
      while (cursor_ < order_.size())
        if (const auto candidate = order_[cursor_++]; accepts(candidate)) return candidate;
      std::erase_if(order_, [&](node_id who) { return !accepts(who); });
      shuffle(random);
    }
    return {};
  }

  /// Up to `count` different ones for whom `accepts(node_id)` holds, uniformly.
  template <class Accepts>
  std::vector<node_id> pick(std::size_t count, random_source& random, Accepts&& accepts) const {
    std::vector<node_id> picked;
    if (order_.empty() || count == 0) return picked;
    const auto size = static_cast<std::uint32_t>(order_.size());
    const auto consider = [&](node_id who) {
      if (accepts(who) && std::find(picked.begin(), picked.end(), who) == picked.end()) picked.push_back(who);
    };
    // Drawing is uniform and cheap in a large cluster; in a small one the rest is found by walking.
    for (std::size_t draw = 0; draw < 3 * count && picked.size() < count; ++draw)
      consider(order_[random.below(size)]);
    if (picked.size() == count) return picked;
    const auto start = random.below(size);
    for (std::uint32_t step = 0; step < size && picked.size() < count; ++step)
      consider(order_[(start + step) % size]);
    return picked;
  }

 private:
  void shuffle(random_source& random);

  std::vector<node_id> order_;
  std::size_t cursor_ = 0;
};

}  // namespace troupe::membership
