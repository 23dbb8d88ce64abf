#include <utility>

#include <troupe/balance/presence.hpp>
#include <troupe/base/hash.hpp>

namespace troupe::balance {

replica_index presence::add(replica_facts facts) {
  auto i = static_cast<replica_index>(places_.size());
  if (free_.empty()) {
    places_.emplace_back();
    facts_.emplace_back();
  } else {
    i = free_.back();
    free_.pop_back();
  }
  place& it = places_[i];
  it.hash = hash_of(&facts.node.value, sizeof facts.node.value);
  ++it.life;
  it.standing = static_cast<std::uint8_t>(standing::unreachable);
  it.distance = facts.distance;
  facts_[i] = std::move(facts);
  ring_.add(it.hash, i);
  ++generation_;
  return i;
}

void presence::describe(replica_index replica, replica_facts facts) {
  places_[replica].distance = facts.distance;
  facts_[replica] = std::move(facts);
}

void presence::remove(replica_index replica) {
  place& it = places_[replica];
  ++it.life;
  it.standing =
      static_cast<std::uint8_t>(standing::absent) | static_cast<std::uint8_t>(standing::unreachable);
  ring_.remove(it.hash, replica);
  free_.push_back(replica);
  ++generation_;
}

bool presence::set(replica_index replica, standing what, bool holds) {
  const auto bit = static_cast<std::uint8_t>(what);
  std::uint8_t& now = places_[replica].standing;
  const auto wanted = static_cast<std::uint8_t>(holds ? now | bit : now & ~bit);
  if (wanted == now) return false;
  now = wanted;
  return true;
}

}  // namespace troupe::balance
