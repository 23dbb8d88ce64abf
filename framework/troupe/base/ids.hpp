// Identities. Each is its own type, so that a call id cannot be passed where an attempt id is meant.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// A 64-bit identity of one kind. `Tag` only tells the kinds apart.
template <class Tag>
struct strong_id {
  std::uint64_t value = 0;

  constexpr explicit operator bool() const { return value != 0; }
  friend constexpr auto operator<=>(const strong_id&, const strong_id&) = default;
};

/// A node, across its restarts: by default a hash of the cluster's and the node's name. 0 is nobody.
using node_id = strong_id<struct node_id_tag>;

/// One life of a node: microseconds of wall clock at its start, so that a restart is higher. A higher
/// epoch supersedes a lower one at once.
using epoch = strong_id<struct epoch_tag>;

/// One call as its caller started it, unique within the caller's epoch; the same in every attempt.
using call_id = strong_id<struct call_id_tag>;

/// One transmission of one call to one replica, unique within the caller's epoch.
using attempt_id = strong_id<struct attempt_id_tag>;

/// One life of one node.
struct identity {
  node_id node;
  troupe::epoch epoch;

  friend constexpr auto operator<=>(const identity&, const identity&) = default;
};

/// The id of the node called `name` in `cluster`. Never 0.
node_id node_id_of(std::string_view cluster, std::string_view name);

/// Sixteen hexadecimal digits.
std::string to_hex(std::uint64_t value);

/// How people name a call, in logs, errors and on the command line: sixteen hexadecimal digits for this life
/// of its caller, a dash, and the call's id in hexadecimal. No other call of the cluster has the same, also
/// after a restart: "0f3c91d2a7b4e865-1000001".
std::string call_name(const identity& caller, call_id call);
/// What a call's name says. `caller` is `caller_tag` of an identity.
struct named_call {
  std::uint64_t caller = 0;
  call_id call;
};
std::uint64_t caller_tag(const identity& caller);
/// Nothing for a text that is no call's name.
std::optional<named_call> parse_call_name(std::string_view text);

}  // namespace troupe

template <class Tag>
struct std::hash<troupe::strong_id<Tag>> {
  std::size_t operator()(const troupe::strong_id<Tag>& id) const noexcept {
    return static_cast<std::size_t>(id.value * 0x9e3779b97f4a7c15ULL >> 1);
  }
};
