#include <algorithm>
#include <utility>

#include <troupe/membership/roll_call.hpp>

namespace troupe::membership {

void roll_call::begin(std::vector<node_id> everybody, std::uint64_t first_sequence, duration patience,
                      time_point now) {
  *this = roll_call();
  everybody_ = std::move(everybody);
  first_sequence_ = first_sequence;
  patience_ = patience;
  next_ = now;
}

void roll_call::close() { next_ = never; }

std::vector<node_id> roll_call::turn(std::size_t most, duration pace, time_point now) {
  std::vector<node_id> asked;
  if (position_ == everybody_.size()) {
    if (round_++ == 1) answered_at_once_ = answered_.size();
    position_ = 0;
    if (over()) return asked;
  }
  stage_ = stage_ == stage::nobody ? stage::few : stage::all;
  if (judges_few()) most = first_few;
  for (; position_ < everybody_.size() && asked.size() < most; ++position_)
    if (!answered_.contains(everybody_[position_])) asked.push_back(everybody_[position_]);
  next_ = now + (judges_few() || position_ == everybody_.size() ? patience_ : pace);
  return asked;
}

void roll_call::answered(node_id who, std::uint64_t sequence) {
  if (open() && sequence >= first_sequence_) answered_.insert(who);
}

std::vector<node_id> roll_call::answered_first() const {
  std::vector<node_id> all;
  for (std::size_t at = 0; at < std::min(first_few, everybody_.size()); ++at)
    if (answered_.contains(everybody_[at])) all.push_back(everybody_[at]);
  return all;
}

bool roll_call::is_conclusive() const {
  return answered_at_once_ > 0 && 10 * (answered_.size() - answered_at_once_) <= answered_at_once_;
}

std::vector<node_id> roll_call::silent() const {
  std::vector<node_id> all;
  for (const auto who : everybody_)
    if (!answered_.contains(who)) all.push_back(who);
  return all;
}

}  // namespace troupe::membership
