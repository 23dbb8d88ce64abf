// Everyone that a node knows, in small form, in one dense array, and whose turn it is to be probed.
//
// A simulator holds N cores of N members each, so each takes one cache line; what its owner wrote is shared
// with every update and every other core that carries it. The array is the probing order as well: the live
// ones stand first, those probed in this round before those still due. A turn swaps a random one of the due
// to their front (a shuffle of Fisher and Yates, spread over the round). So the next target, a random live
// or departed member, a death and a join each cost O(1), whatever N.
//
// Probing in shuffled rounds bounds the time until a crash is first noticed, where drawing at random only
// promises it on average (SWIM, section 4.3).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/membership/order.hpp>

namespace troupe::membership {

/// One node as this node sees it. Who accuses it, how far it is and who sees loss towards it is kept
/// elsewhere, for the few that have such things; `core::find` brings it together.
struct known_node {
  identity self;
  std::shared_ptr<const attributes> who;         // never null
  std::shared_ptr<const registration> document;  // null until one is known
  time_point since{};                            // when `state` last changed here
  std::uint32_t incarnation = 0;
  membership::state state = membership::state::alive;
  membership::mode mode = membership::mode::joining;
  std::uint8_t worker_lag = 0;
  bool degraded = false;

  std::uint64_t document_version() const { return document ? document->version : 0; }
};
static_assert(sizeof(known_node) == 64);

inline claim claim_of(const known_node& whom) { return {whom.self.epoch, whom.incarnation, whom.state}; }

class roster {
 public:
  /// Null when unknown. A pointer is good until the next call of anything that is not const.
  const known_node* find(node_id who) const {
    const auto at = position_of(who);
    return at == nowhere ? nullptr : &nodes_[at];
  }
  known_node* find(node_id who) {
    const auto at = position_of(who);
    return at == nowhere ? nullptr : &nodes_[at];
  }
  bool contains(node_id who) const { return position_of(who) != nowhere; }
  std::size_t size() const { return nodes_.size(); }
  std::size_t live() const { return live_; }

  /// In no particular order, the live first. The same for the same history.
  auto begin() const { return nodes_.begin(); }
  auto end() const { return nodes_.end(); }

  /// Somebody who is not there yet. A live one gets a random place in the round.
  known_node& insert(known_node newcomer, random_source& random);
  void erase(node_id who);
  /// Changes the state, and what follows from it for the order. `who` must be there.
  known_node& set_state(node_id who, state next, random_source& random);

  /// Whose turn it is: each live member once a round, in an order that is drawn anew for each. Null without
  /// any. Skips `except`, for good: it is the node itself.
  const known_node* next(node_id except, random_source& random);

  /// Up to `count` different live ones for whom `accepts(const known_node&)` holds, uniformly.
  template <class Accepts>
  std::vector<node_id> pick(std::size_t count, random_source& random, Accepts&& accepts) const {
    std::vector<node_id> picked;
    if (live_ == 0 || count == 0) return picked;
    const auto size = static_cast<std::uint32_t>(live_);
    const auto consider = [&](const known_node& one) {
      if (accepts(one) && std::find(picked.begin(), picked.end(), one.self.node) == picked.end())
        picked.push_back(one.self.node);
    };
    // Drawing is uniform and cheap in a large cluster; in a small one the rest is found by walking.
    for (std::size_t draw = 0; draw < 3 * count && picked.size() < count; ++draw)
      consider(nodes_[random.below(size)]);
    if (picked.size() == count || live_ > walk_max) return picked;
    const auto start = random.below(size);
    for (std::uint32_t step = 0; step < size && picked.size() < count; ++step)
      consider(nodes_[(start + step) % size]);
    return picked;
  }

  /// One of those who are dead or have left, uniformly; null without any.
  const known_node* pick_departed(random_source& random) const;

 private:
  static constexpr std::uint32_t nowhere = ~std::uint32_t{0};
  static constexpr std::size_t walk_max = 64;

  std::uint32_t position_of(node_id who) const;
  std::size_t slot_of(node_id who) const;
  void swap(std::uint32_t one, std::uint32_t other);
  std::uint32_t enlist(std::uint32_t at, random_source& random);
  std::uint32_t retire(std::uint32_t at);
  void grow();

  std::vector<known_node> nodes_;
  std::uint32_t live_ = 0;    // nodes_[0, live_) are live
  std::uint32_t probed_ = 0;  // nodes_[0, probed_) had their turn in this round
  // Positions by node: open addressing, linear probing, at most three quarters full, without tombstones.
  std::vector<std::uint32_t> slots_;
};

}  // namespace troupe::membership
