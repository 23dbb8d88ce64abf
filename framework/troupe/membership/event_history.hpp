// The last events of membership at one node: who, what, when. For people who watch, or who come too late.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <troupe/base/time.hpp>
#include <troupe/membership/member.hpp>

namespace troupe::membership {

struct past_event {
  std::uint64_t number = 0;  // from 1 on, without gaps, since this node's start
  time_point at{};
  membership::event_kind kind{};
  membership::member subject;  // as it was after the event, without the services of its document
  std::size_t services = 0;    // how many they were
  std::string accuser;         // the name of who says so, of suspected and died; empty when it is not known
};

class event_history {
 public:
  static constexpr std::size_t events_max = 256;  // the oldest are forgotten, as the numbers show

  void note(const membership::event& what, std::string accuser, time_point now);
  /// Those with a higher number than `number`, oldest first.
  std::vector<past_event> after(std::uint64_t number) const;
  std::uint64_t last() const { return last_; }

 private:
  std::deque<past_event> kept_;
  std::uint64_t last_ = 0;
};

}  // namespace troupe::membership
