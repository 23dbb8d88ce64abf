// Joining by seeds, and what keeps a cluster one over time: the dead and the seeds are tried again.
#pragma once

#include <cstdint>
#include <vector>

#include <troupe/base/alarms.hpp>
#include <troupe/base/endpoint.hpp>
#include <troupe/base/time.hpp>

namespace troupe::membership {

struct step;

class seeds {
 public:
  /// More are cut off, and a note says so.
  static constexpr std::size_t most = 64;

  /// `first`: when the dead are tried for the first time.
  explicit seeds(time_point first) { alarms_.set(alarm::heal, first); }

  /// Keeps them, instead of those before, and asks them unless this node is among others already. Where one
  /// of them is this node itself it has joined, and the others are asked all the same.
  void join(std::vector<endpoint> all, const step& at);
  /// A seed, or whoever it named, has answered.
  void answered();
  /// A seed was busy, and named these: a joiner tries one of them at once, a few times; its seeds again after
  /// options::join_retry.
  void ask_elsewhere(const std::vector<endpoint>& others, const step& at);
  /// True once a seed has answered, or there are none.
  bool joined() const { return joined_; }

  /// Asks them, if it is time.
  void tick(const step& at);
  /// Tries the dead and the seeds, if it is time. `isolated`: nobody is left, as far as this node can tell.
  void heal(bool isolated, const step& at);
  time_point next_deadline() const { return alarms_.next(); }

 private:
  enum class alarm : std::uint8_t { ask, heal, count };

  void ask(const step& at);
  void try_the_dead(const step& at) const;
  void try_a_seed(bool lonely, const step& at) const;

  std::vector<endpoint> all_;
  bool joined_ = true;
  int referrals_left_ = 0;  // to others when the seeds are busy, until the seeds are asked again
  alarms<alarm> alarms_;
};

}  // namespace troupe::membership
