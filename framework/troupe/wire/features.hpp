// What a side of a link understands beyond the base of the protocol, so that two releases can talk.
//
// Hello and welcome (wire/hello.hpp) name all that their sender understands. What both name is used on the
// link, and nothing else is. `Feature` of idl/troupe/call.capnp is the specification,
// framework/docs/wire-format.md has how to add one.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace troupe::wire {

/// The numbers travel.
enum class feature : std::uint16_t {
  load_queries = 0,  // asking for a load report, and telling it
  bouncing = 1,      // a request may say how many others it is willing to meet
  presence = 2,      // a stream may be opened only to prove that somebody is there
};
inline constexpr std::uint16_t feature_count = 3;

std::string_view to_string(feature value);

class feature_set {
 public:
  constexpr feature_set() = default;
  constexpr feature_set(std::initializer_list<feature> all) {
    for (const feature one : all) bits_ |= bit(one);
  }
  /// What this release speaks.
  static constexpr feature_set all() { return {feature::load_queries, feature::bouncing, feature::presence}; }
  /// What a side speaks that says nothing of features: this never grows.
  static constexpr feature_set unsaid() {
    return {feature::load_queries, feature::bouncing, feature::presence};
  }

  constexpr bool has(feature one) const { return (bits_ & bit(one)) != 0; }
  constexpr feature_set with(feature one) const { return feature_set(bits_ | bit(one)); }
  constexpr feature_set without(feature one) const { return feature_set(bits_ & ~bit(one)); }
  friend constexpr feature_set operator&(feature_set a, feature_set b) {
    return feature_set(a.bits_ & b.bits_);
  }
  friend constexpr bool operator==(feature_set, feature_set) = default;

 private:
  explicit constexpr feature_set(std::uint64_t bits) : bits_(bits) {}
  static constexpr std::uint64_t bit(feature one) { return std::uint64_t{1} << static_cast<unsigned>(one); }

  std::uint64_t bits_ = 0;
};

/// "load_queries, bouncing"; "none".
std::string to_string(feature_set all);

}  // namespace troupe::wire
