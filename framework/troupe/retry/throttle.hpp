// Refusing at the caller what the replicas would refuse anyway: the caller's half of overload.
//
// A refusal costs its server something, too. When more than half of what is sent comes back refused, saying
// no takes the time that saying yes would need. So a caller that is refused much refuses itself, with
//
//   probability = max(0, (requests - K * accepts) / (requests + 1)),   K = 2
//
// over what happened lately. Then it sends about K times what is accepted: enough to notice at once when the
// service recovers. Only refusals for overload count: a dead replica is the failover's business.
//
// Counts are kept by criticality, as servers refuse sheddable requests first; and what is less critical is
// refused at least as often as what is more.
//
// Source: Beyer et al., "Site Reliability Engineering" (2016), chapter 21, "Client-Side Throttling". The book
// looks back over two minutes; counts here fade with a time constant of 3 s, and are forgotten once
// ten in half a second were sent and none came back refused: what a storm left behind would hold back calls
// for long after it.
#pragma once

#include <array>
#include <cstdint>

#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>
#include <troupe/rpc/criticality.hpp>

namespace troupe::retry {

class throttle {
 public:
  explicit throttle(time_point now) : faded_(now) {}

  /// An attempt went out. It counts as accepted unless its refusal comes: refusals are quick, and answers may
  /// take their time.
  void sent(rpc::criticality of, time_point now);
  /// A replica refused it for overload.
  void refused(rpc::criticality of, time_point now);

  /// True when the call is to be refused here; then it is counted as a request that was not accepted. Draws
  /// a random number only where there is a chance of that.
  bool refuses(rpc::criticality of, random_source& random, time_point now);
  /// In [0, 1). 0 below 20 requests: what a quiet caller holds back relieves nobody.
  double probability(rpc::criticality of, time_point now) const;

 private:
  struct tally {
    double requests = 0;
    double accepts = 0;
    std::uint32_t sent = 0;  // since the last refusal,
    time_point refused{};    // which was then
  };
  void fade(time_point now);
  double kept(time_point now) const;

  std::array<tally, rpc::criticalities> tallies_{};
  time_point faded_;
};

}  // namespace troupe::retry
