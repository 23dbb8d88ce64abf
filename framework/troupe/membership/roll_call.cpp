#include <algorithm>

#include <troupe/membership/roll_call.hpp>

namespace troupe::membership {

void roll_call::begin(const std::vector<identity>& everybody, duration patience, time_point now) {
  close();
  stage_ = stage::begun;
  for (const auto who : everybody) {
    index_[who.node] = everybody_.size();
    everybody_.push_back({who});
  }
  patience_ = patience;
  next_ = now;
}

std::vector<identity> roll_call::turn(std::size_t most, std::uint64_t first_sequence, duration pace,
                                      time_point now) {
  std::vector<identity> asked;
  if (stage_ == stage::begun) {
    stage_ = stage::few_asked;
    call_sequence_ = round_sequence_ = first_sequence;
    most = few;
  } else {
    if (judges_few()) stage_ = stage::first;
    if (position_ == everybody_.size()) begin_round(first_sequence, asked);
    if (over()) return asked;
    most += asked.size();
  }
  for (; position_ < everybody_.size() && asked.size() < most; ++position_)
    if (!everybody_[position_].answered) asked.push_back(everybody_[position_].who);
  next_ = now + (judges_few() || position_ == everybody_.size() ? patience_ : pace);
  return asked;
}

/// The silent are asked from the beginning, after a few of those who had answered.
void roll_call::begin_round(std::uint64_t first_sequence, std::vector<identity>& asked) {
  stage_ = stage_ == stage::first ? stage::second : stage_ == stage::second ? stage::third : stage::over;
  position_ = 0;
  round_sequence_ = first_sequence;
  if (over()) return;
  for (auto& each : everybody_) {
    each.to_confirm = each.answered && asked.size() < few;
    if (each.to_confirm) asked.push_back(each.who);
  }
  to_confirm_ += asked.size();
}

void roll_call::answered(identity who, std::uint64_t sequence) {
  if (!open() || sequence < call_sequence_) return;
  const auto found = index_.find(who.node);
  if (found == index_.end() || everybody_[found->second].who != who) return;
  auto& each = everybody_[found->second];
  if (each.to_confirm && sequence >= round_sequence_) {
    each.to_confirm = false;
    ++confirmed_;
  }
  if (each.answered) return;
  each.answered = true;
  ++(stage_ <= stage::first ? at_once_ : late_);
}

std::vector<node_id> roll_call::answered_first() const {
  std::vector<node_id> all;
  for (std::size_t at = 0; at < asked_first(); ++at)
    if (everybody_[at].answered) all.push_back(everybody_[at].who.node);
  return all;
}

bool roll_call::is_conclusive() const {
  return at_once_ > 0 && 10 * late_ <= at_once_ && 10 * confirmed_ >= 9 * to_confirm_;
}

std::vector<identity> roll_call::silent() const {
  std::vector<identity> all;
  for (const auto& each : everybody_)
    if (!each.answered) all.push_back(each.who);
  return all;
}

}  // namespace troupe::membership
