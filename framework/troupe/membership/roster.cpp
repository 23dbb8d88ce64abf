#include <utility>

#include <troupe/base/hash.hpp>
#include <troupe/membership/roster.hpp>

namespace troupe::membership {

namespace {

constexpr std::size_t slots_min = 16;

}  // namespace

std::size_t roster::slot_of(node_id who) const {
  const std::size_t mask = slots_.size() - 1;
  auto slot = static_cast<std::size_t>(mix(who.value)) & mask;
  while (slots_[slot] != nowhere && nodes_[slots_[slot]].self.node != who) slot = (slot + 1) & mask;
  return slot;
}

std::uint32_t roster::position_of(node_id who) const {
  return slots_.empty() ? nowhere : slots_[slot_of(who)];
}

void roster::grow() {
  if (4 * (nodes_.size() + 1) <= 3 * slots_.size()) return;
  slots_.assign(std::max(slots_min, 2 * slots_.size()), nowhere);
  for (std::uint32_t at = 0; at < nodes_.size(); ++at) slots_[slot_of(nodes_[at].self.node)] = at;
}

void roster::swap(std::uint32_t one, std::uint32_t other) {
  if (one == other) return;
  const auto slot = slot_of(nodes_[one].self.node);
  const auto other_slot = slot_of(nodes_[other].self.node);
  std::swap(nodes_[one], nodes_[other]);
  std::swap(slots_[slot], slots_[other_slot]);
}

/// Takes the first of the departed among the live, at a place of the round that is as likely as any other.
std::uint32_t roster::enlist(std::uint32_t at, random_source& random) {
  swap(at, live_);
  at = live_++;
  if (random.below(live_) >= probed_) return at;
  swap(at, probed_);
  return probed_++;
}

std::uint32_t roster::retire(std::uint32_t at) {
  if (at < probed_) {
    swap(at, --probed_);
    at = probed_;
  }
  swap(at, --live_);
  return live_;
}

known_node& roster::insert(known_node newcomer, random_source& random) {
  grow();
  auto at = static_cast<std::uint32_t>(nodes_.size());
  const auto slot = slot_of(newcomer.self.node);
  nodes_.push_back(std::move(newcomer));
  slots_[slot] = at;
  if (is_live(nodes_[at].state)) at = enlist(at, random);
  return nodes_[at];
}

void roster::erase(node_id who) {
  auto at = position_of(who);
  if (at == nowhere) return;
  if (at < live_) at = retire(at);
  swap(at, static_cast<std::uint32_t>(nodes_.size() - 1));
  const std::size_t mask = slots_.size() - 1;
  auto hole = slot_of(who);
  nodes_.pop_back();
  slots_[hole] = nowhere;
  // Whoever was pushed on by the one that is gone moves back, so that searches need no tombstones.
  for (auto slot = (hole + 1) & mask; slots_[slot] != nowhere; slot = (slot + 1) & mask) {
    const auto home = static_cast<std::size_t>(mix(nodes_[slots_[slot]].self.node.value)) & mask;
    if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
    slots_[hole] = std::exchange(slots_[slot], nowhere);
    hole = slot;
  }
}

known_node& roster::set_state(node_id who, state next, random_source& random) {
  auto at = position_of(who);
  nodes_[at].state = next;
  if (is_live(next) && at >= live_)
    at = enlist(at, random);
  else if (!is_live(next) && at < live_)
    at = retire(at);
  return nodes_[at];
}

const known_node* roster::next(node_id except, random_source& random) {
  for (std::uint32_t tries = 0; tries <= 2 && live_ > 0; ++tries) {
    if (probed_ >= live_) probed_ = 0;
    swap(probed_, probed_ + random.below(live_ - probed_));
    const auto& turn = nodes_[probed_++];
    if (turn.self.node != except) return &turn;
  }
  return nullptr;
}

const known_node* roster::pick_departed(random_source& random) const {
  const auto departed = static_cast<std::uint32_t>(nodes_.size()) - live_;
  return departed == 0 ? nullptr : &nodes_[live_ + random.below(departed)];
}

}  // namespace troupe::membership
