// How long a suspicion lasts before it becomes a death: Lifeguard's local health aware suspicion.
//
// One accuser may itself be the sick one, so its suspicion gets much time to be refuted. Each further,
// independent accuser makes the crash more credible and shortens the time, by a logarithm: the first
// confirmations count most. Source: Lifeguard, section IV-B. Beyond the paper: an accuser who doubts itself
// (options::trusted_health_max) shortens nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/options.hpp>

namespace troupe::membership {

struct suspicion_bounds {
  duration shortest{0};   // with all confirmations
  duration longest{0};    // with none
  int confirmations = 0;  // that bring it to the shortest
};

/// For a cluster of `live` members, the suspect and this node included. With fewer others than confirmations
/// wanted there is nobody to wait for, so the shortest time counts from the start.
suspicion_bounds bounds_of(const options& settings, std::size_t live);

/// Whether an accuser's word counts for others, by its local health when it gave it.
enum class trust : std::uint8_t { full, doubtful };

class suspicion {
 public:
  suspicion(node_id accuser, trust word, suspicion_bounds bounds, time_point now);

  /// One more node suspects the same. True when it was new and shortened the time, so is worth passing on.
  bool confirm(node_id accuser, trust word, time_point now);

  /// When the suspect is to be declared dead.
  time_point deadline() const;
  time_point started() const { return started_; }
  /// True when somebody else than the first accuser, trusted as well, says the same.
  bool is_shared() const { return trusted_ > 1; }
  /// True when nobody but its first accuser says so, trusted or not.
  bool is_lone() const { return accusers_.size() == 1; }
  /// True when `accuser` was the first to say so.
  bool is_first_of(node_id accuser) const { return accusers_[0].accuser == accuser; }
  /// True when nobody but `accuser` has said it.
  bool is_only_of(node_id accuser) const { return is_lone() && is_first_of(accuser); }
  /// True when a roll call says so, so that it waits for a refutation only, not for others; and as long as
  /// nothing speaks against it.
  bool is_certain() const { return certain_; }
  void set_certain(bool value) { certain_ = value; }
  /// When the last one to join the accusers did so, trusted or not, `except` left out; the axis' begin if
  /// none.
  time_point last_accused(node_id except) const;

  /// Grants more time: this node was not running, or has evidence of life.
  void postpone(duration by) { started_ += by; }
  /// How often others have been asked about it after its time.
  void asked() { ++questions_; }
  int questions() const { return questions_; }
  /// Lets the whole time begin anew; its accusers stay.
  void restart(time_point now) { started_ = now; }

 private:
  struct word_of {
    node_id accuser;
    time_point when;
  };
  std::vector<word_of> accusers_;  // at most 3 + bounds_.confirmations, and always a second one
  int trusted_;                    // of them
  suspicion_bounds bounds_;
  time_point started_;
  int questions_ = 0;
  bool certain_ = false;
};

}  // namespace troupe::membership
