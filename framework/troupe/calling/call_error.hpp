// Why a call failed, with everything that was tried: what the user's `reply.error()` is.
#pragma once

#include <string>
#include <vector>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/rpc/safety.hpp>

namespace troupe {

/// One attempt of a failed call, as a reader of a log wants it.
struct call_attempt {
  std::string node;     // "cart-2"
  std::string address;  // "127.0.0.1:7102"
  double score = 0;     // at the pick; the lowest wins
  duration took{0};
  std::string outcome;  // "refused: overloaded, not executed -> tried elsewhere"
};

struct call_error : error {
  std::string target;  // "shop.Cart.checkout"
  std::string call;    // its name (base/ids.hpp), for `troupe explain`; empty where it never began
  duration took{0};
  duration allowed{0};
  std::vector<call_attempt> attempts;
  std::string known;  // "3 alive, 1 suspect (cart-4, silent for 4.1 s)"; empty where unknown
  std::string hint;   // empty where there is nothing to advise
  rpc::advice advice = rpc::advice::may_retry;  // from replicas that see everybody overloaded

  /// One attempt a line, as experience shows that people need it:
  ///
  ///   shop.Cart.checkout UNAVAILABLE after 2 attempts, 158 ms of 300 ms: connection lost after sending
  ///     1  cart-2  127.0.0.1:7102  score 0.31   38 ms  refused: overloaded -> tried elsewhere
  ///     2  cart-1  127.0.0.1:7101  score 0.44  120 ms  connection lost after sending -> not repeated
  ///     call: 0f3c91d2a7b4e865-1000001
  ///     known: 3 alive, 1 suspect (cart-4)
  ///     hint: ...
  std::string explain() const;
};

}  // namespace troupe
