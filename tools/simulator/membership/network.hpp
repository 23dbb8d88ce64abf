// The network between simulated nodes: what becomes of a packet, or of the bytes of a stream.
//
// Faults are laid over the weather, any number at a time. A fault that names peers as well is looked at for
// every packet; one that names only nodes, or none, is folded into a number a node, so that it costs nothing.
// Streams are TCP's: loss costs them time, by doubling timeouts, and breaks them when it goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <troupe/base/random.hpp>

#include "scenario.hpp"

namespace troupe::simulator {

class network {
 public:
  network(const weather& always, std::uint64_t seed);

  /// There are as many nodes now.
  void grow(std::size_t nodes);
  /// From now on these faults are in effect, beside the weather. Kinds: loss, delay, cut.
  void set_troubles(std::span<const fault> all);

  struct passage {
    bool carried = false;
    bool twice = false;
    duration takes{0};
    duration again{0};  // the second one's
  };
  passage carry(std::uint32_t from, std::uint32_t to);
  /// How long one message of a stream takes beside its bytes; nothing when the stream breaks.
  std::optional<duration> stream(std::uint32_t from, std::uint32_t to);

  bool cut(std::uint32_t from, std::uint32_t to) const;
  /// True when this node hears nobody.
  bool isolated(std::uint32_t node) const;
  /// True when packets may get lost at all.
  bool disturbed() const { return disturbed_; }
  /// One way, at most, without a fault's delay.
  duration delay_max() const {
    return always_.delay_max + (always_.late > 0 ? always_.late_by : duration{0});
  }

  /// What really happened to packets.
  struct counters {
    std::uint64_t lost = 0, cut = 0, late = 0, duplicated = 0, streams_broken = 0;
  };
  const counters& counted() const { return counted_; }

 private:
  /// Between two sets of nodes.
  struct border {
    std::vector<std::uint8_t> near, far;  // by node; empty `far`: everybody who is not near
    direction way = direction::both;
    double amount = 1;
    bool crossed(std::uint32_t from, std::uint32_t to) const;
  };

  double loss(std::uint32_t from, std::uint32_t to) const;
  border border_of(const fault& what) const;
  void fold(const fault& what);
  void find_isolated();

  weather always_;
  random_source random_;
  std::size_t nodes_ = 0;
  std::vector<fault> troubles_;
  std::vector<border> cuts_, losses_;
  double base_ = 0;
  std::vector<double> out_, in_;          // share lost of what a node sends, and of what it is sent
  std::vector<duration> out_by_, in_by_;  // later
  std::vector<std::uint8_t> isolated_;
  bool disturbed_ = false, uneven_ = false;
  counters counted_;
};

}  // namespace troupe::simulator
