// Sealed messages that were refused: why, in words, and how often.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <troupe/base/event_counts.hpp>
#include <troupe/crypto/sealing.hpp>

namespace troupe::crypto {

/// What is wrong with the message `what`, and what to do about it: "it is sealed with key 3f9a01bc, which
/// ..". REQUIRES: `why` is not `accepted`.
std::string refusal_text(verdict why, bytes_view what);

class seal_refusals {
 public:
  /// True the first time for each reason.
  bool note(verdict why) { return ++times_[static_cast<std::size_t>(why)] == 1; }
  void count(event_counts& into) const;

 private:
  std::array<std::uint64_t, 8> times_{};  // by verdict
};

}  // namespace troupe::crypto
