// The keys that a node knows, how far each has come, and how two nodes' knowledge becomes one.
//
// A key's life: *held* (opens messages), *primary* (the held one that was made so last; it also seals),
// *retired* (opens nothing but the question of a node that was away: see below), *forgotten* (its bytes are
// gone, and its id stays, so that nobody brings it back). Each key only ever goes forward, and becomes
// primary by a number that only ever rises. So two rings merge key by key, by the greater of each: in any
// order, as often as one likes, and with the same outcome everywhere. There is no version of the ring as a
// whole, and two operators at once lose nothing of each other's orders. (A state-based CRDT: Shapiro and
// others, 2011.)
//
// A node that was away while the others changed keys comes back with a retired one. Whoever still remembers
// that key answers with the ring, sealed with it, and with nothing else; then both speak the new one. This is
// for `remembered_for` after the retirement; a key that is retired as compromised is forgotten at once, and
// such a node is given the new key by hand.
//
// The text is the file's, and also what nodes send each other:
//
//   key 3f9a01bc held use=2 c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I=
//   key 51c2e07d retired use=1 at=1767225600 dGhlIG9sZCBvbmUgdGhlIG9sZCBvbmUgdGhlIG9sZCE=
//   key 00a7b3c4 forgotten use=0 at=1764547200
//
// A line may also be a key and nothing else; of several, the first is the primary one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/base/result.hpp>
#include <troupe/crypto/key.hpp>

namespace troupe::crypto {

/// Seconds of wall clock since 1970. Clocks that differ between nodes move the end of a memory, nothing else.
using wall_seconds = std::uint64_t;

/// In the order in which a key goes through them.
enum class standing : std::uint8_t { held = 0, retired = 1, forgotten = 2 };
std::string_view to_string(standing value);

struct ring_entry {
  key_id id;
  crypto::standing standing = standing::held;
  std::uint64_t use = 0;        // the highest of the held ones is primary; 0: never used
  wall_seconds retired_at = 0;  // 0 while held
  std::optional<key> secret;    // none once forgotten
  friend bool operator==(const ring_entry&, const ring_entry&) = default;
};

enum class retirement : std::uint8_t { routine, compromised };

class ring {
 public:
  /// Keys with their bytes, at most. More than a rotation needs is only more to guess wrong.
  static constexpr std::size_t keys_max = 6;
  /// Forgotten ones, at most; the longest retired goes first.
  static constexpr std::size_t forgotten_max = 6;
  /// Of `to_text`: it fits into one packet.
  static constexpr std::size_t text_bytes_max = 1060;
  /// How long a retired key lets a node come back: over a long weekend.
  static constexpr wall_seconds remembered_for = wall_seconds{72} * 3600;

  /// Errors: already_exists where the ring has it, or had it; resource_exhausted beyond `keys_max`.
  result<key_id> install(const key& fresh);
  /// Makes a held key the one that seals. Errors: not_found, failed_precondition (it is not held any more).
  result<void> use(key_id id);
  /// Retired as compromised it is forgotten, also when it was retired before. Errors: not_found;
  /// failed_precondition for the primary key.
  result<void> retire(key_id id, retirement how, wall_seconds now);

  /// Takes what the other knows more. True: something changed.
  bool merge(const ring& other);
  /// Forgets what has been retired for long enough. True: something changed.
  bool forget_the_old(wall_seconds now);

  /// The key that seals; none in an empty ring. Where splits have left no held key, a retired one.
  const ring_entry* primary() const;
  const ring_entry* find(key_id id) const;
  /// By standing, then by use: the primary one first.
  const std::vector<ring_entry>& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }

  /// Equal rings have equal ones. Says nothing about the keys.
  std::uint32_t digest() const;

  friend bool operator==(const ring&, const ring&) = default;

 private:
  friend result<ring> parse_ring(std::string_view text);
  ring_entry* edit(key_id id);
  void settle();

  std::vector<ring_entry> entries_;  // in the order of `entries()`
};

/// Secret, but for its first line.
std::string to_text(const ring& what);
/// Errors: invalid_argument, naming the line, and never repeating what is secret in it.
result<ring> parse_ring(std::string_view text);

}  // namespace troupe::crypto
