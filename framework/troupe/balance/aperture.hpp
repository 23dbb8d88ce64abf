// Which replicas of a large service one router uses, so that hundreds of routers and hundreds of replicas
// need not all be connected, nor every router keep statistics of everybody.
//
// All routers see the same two circles: the replicas in the order of their hashes, and themselves in the
// order of theirs. A router's place on its circle is where its window on the other begins; so windows begin
// at even distances, each replica is in as many windows as any other, to within one, and nobody has to agree
// on anything but who is there. Random subsets are less even: with a tenth of 300 replicas for each of 300
// routers, the loads are half to one and a half of the mean (Site Reliability Engineering, chapter 20).
//
// Source: the deterministic aperture of Finagle (Twitter, 2019). Finagle rounds windows up to whole multiples
// of the distance between routers, which is exactly even, but changes every window by that distance when one
// replica more or less moves the rounding; here a window keeps its size.
#pragma once

#include <cstdint>

namespace troupe::balance {

/// Where a router stands among those that use the same service; every one of them must come to the same
/// answer.
struct router_place {
  std::uint32_t rank = 0;     // < routers
  std::uint32_t routers = 1;  // >= 1
};

/// Positions in the order of the replicas' hashes: `size` of them from `first` on, around the circle.
class aperture {
 public:
  /// As many as `wanted`; more where that would leave a replica to nobody; all, when there are no more than
  /// that, or `wanted` is 0. With x = routers * size / replicas >= 1, each replica is in floor(x) or ceil(x)
  /// windows. A replica that comes or goes changes any window by at most two others at its ends; a router
  /// that comes or goes shifts windows by at most replicas / routers.
  aperture(std::uint32_t replicas, router_place at, std::uint32_t wanted);

  std::uint32_t size() const { return size_; }
  /// The position of the nth, n < size().
  std::uint32_t at(std::uint32_t n) const;
  /// `position` < replicas.
  bool includes(std::uint32_t position) const;

 private:
  std::uint32_t replicas_;
  std::uint32_t first_;
  std::uint32_t size_;
};

}  // namespace troupe::balance
