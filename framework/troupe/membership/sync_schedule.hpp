// When a sync is due, and with whom: periodically, more often just after joining, and when somebody knows
// what is lacked here. What is done in a sync is sync_desk.hpp's, how it goes is sync.hpp's.
#pragma once

#include <cstdint>

#include <troupe/base/alarms.hpp>
#include <troupe/base/endpoint.hpp>
#include <troupe/base/time.hpp>

namespace troupe::membership {

struct step;

class sync_schedule {
 public:
  /// `first`: when the first periodic one is due.
  sync_schedule(time_point first, time_point now);

  /// One beside the periodic ones: at most one a probe period, the last one wanted wins.
  void request(const endpoint& with, const step& at);
  /// Another node's digest, and where that node is. Several in a row that differ are worth a sync.
  void compare_digest(std::uint64_t digest, const endpoint& with, const step& at);
  /// Who joined in the same second is in nobody's view yet; further looks soon find them.
  void look_often(const step& at);
  /// A sync came to its end: the views were the same.
  void agreed() { mismatches_ = 0; }
  /// Where all is quiet the next digest that differs asks again. Seeds are asked again by their own timer.
  void failed();

  /// Those that are due.
  void tick(const step& at);
  time_point next_deadline() const { return alarms_.next(); }
  time_point next_periodic() const { return alarms_.at(alarm::periodic); }

 private:
  enum class alarm : std::uint8_t { periodic, wanted, count };

  void begin_periodic(const step& at);

  int mismatches_ = 0;  // pings and acks in a row whose digest differed
  int looks_left_ = 0;  // quick ones still due after joining
  endpoint wanted_;     // asked for as soon as not_before_ allows
  time_point not_before_;
  alarms<alarm> alarms_;
};

}  // namespace troupe::membership
