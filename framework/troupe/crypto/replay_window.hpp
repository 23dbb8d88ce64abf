// Which numbers of one sender have been seen: a sliding window, as IPsec has (RFC 6479).
//
// Packets overtake each other, so a number below the highest may be new. The window remembers the last
// `width` numbers one by one; what is older is taken for a repetition.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace troupe::crypto {

class replay_window {
 public:
  /// A sender counts all that it sends, to whomever: at 1,000 packets a second this bears one second of
  /// reordering.
  static constexpr std::uint64_t width = 1024;

  bool seen(std::uint64_t number) const {
    if (number >= end_) return false;
    return end_ - number > width || (bits_[word(number)] & bit(number)) != 0;
  }

  void note(std::uint64_t number) {
    if (number >= end_) {
      if (number - end_ >= width)
        bits_.fill(0);
      else
        for (auto skipped = end_; skipped < number; ++skipped) bits_[word(skipped)] &= ~bit(skipped);
      end_ = number + 1;
    }
    bits_[word(number)] |= bit(number);
  }

 private:
  static constexpr std::size_t word(std::uint64_t number) {
    return static_cast<std::size_t>(number % width / 64);
  }
  static constexpr std::uint64_t bit(std::uint64_t number) { return std::uint64_t{1} << (number % 64); }

  std::uint64_t end_ = 0;  // one above the highest seen
  std::array<std::uint64_t, width / 64> bits_{};
};

}  // namespace troupe::crypto
