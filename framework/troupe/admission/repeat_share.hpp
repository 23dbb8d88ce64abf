// How much of what comes has been elsewhere before: whether a refusal should say that trying again is of no
// use.
//
// One overloaded replica among healthy ones hardly sees repeats. Where they are a fifth, the others are no
// better off, and a caller that tries again there only makes more of them.
//
// Source: Beyer et al., "Site Reliability Engineering" (2016), chapter 21, "Deciding to Retry".
#pragma once

#include <cstdint>

#include <troupe/rpc/criticality.hpp>
#include <troupe/rpc/safety.hpp>

namespace troupe::admission {

class repeat_share {
 public:
  void note(rpc::attempt_kind which);
  /// Over about the last hundred requests; `may_retry` until there were so many.
  rpc::advice advice() const;

 private:
  double share_ = 0;         // of attempts after the first, smoothed
  std::uint32_t noted_ = 0;  // up to as many as that share is made of
};

}  // namespace troupe::admission
