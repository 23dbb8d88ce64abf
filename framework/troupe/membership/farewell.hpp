// The end of a node that leaves: it says so until enough have acknowledged it, or its time is up.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include <troupe/base/alarms.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/message.hpp>

namespace troupe::membership {

struct step;

class farewell {
 public:
  /// This node has left. Says so to options::leave_fanout peers, for at most options::leave_limit.
  void begin(const step& at);
  void receive_ack(const packet& ack, const step& at);
  void tick(const step& at);
  /// Nothing is to be waited for any more.
  bool is_over() const { return alarms_.next() == never; }
  time_point next_deadline() const { return alarms_.next(); }

 private:
  enum class alarm : std::uint8_t { repeat, count };

  void say(const step& at);

  std::map<std::uint64_t, node_id> asked_;  // by sequence, not acknowledged yet
  std::vector<node_id> acknowledged_;       // by them
  time_point ends_ = never;
  alarms<alarm> alarms_;
};

}  // namespace troupe::membership
