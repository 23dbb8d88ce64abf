#include <troupe/membership/rotation.hpp>

namespace troupe::membership {

void rotation::insert(node_id who, random_source& random) {
  if (std::find(order_.begin(), order_.end(), who) != order_.end()) return;
  const auto place = random.below(static_cast<std::uint32_t>(order_.size()) + 1);
  order_.insert(order_.begin() + place, who);
  // Before the cursor it would push somebody over it who would be probed twice; so the cursor moves along.
  if (place < cursor_) ++cursor_;
}

void rotation::shuffle(random_source& random) {
  for (auto i = static_cast<std::uint32_t>(order_.size()); i > 1; --i)
    std::swap(order_[i - 1], order_[random.below(i)]);
  cursor_ = 0;
}

}  // namespace troupe::membership
