// Sealed messages: encrypted, authenticated, for one receiver, and heard once.
//
//   bytes   0  1  2        3  4       8         16            32       40                             -16
//           ++--+--------+--+-------+---------+-------------+--------+------------------------------+-----+
//           |e5|01|content|00|key id | whose   | life's salt | number | sealed: digest, 0, message   | tag |
//           +--+--+-------+--+-------+---------+-------------+--------+------------------------------+-----+
//
// All numbers are little-endian. `content` says what the message is. `whose` says whom it is for, see
// `recipient`. `digest` is the ring's: whoever finds another one than its own in a message tells its ring, so
// that a change of keys gets everywhere that gossip gets.
//
// Nonces. Each process draws 128 random bits at its start, the life's salt, and seals with a key that it
// derives from the ring's key and the salt (HKDF-SHA256), counting from 0. So no nonce comes twice under a
// key, whatever happens to disks and clocks: nothing is remembered between two lives, and two that draw the
// same salt are less likely than a broken cipher. The number is the nonce. After 2^32 messages a new salt is
// drawn. What this cannot see is a machine that is copied while it runs: of two copies of one memory, both go
// on with the same salt and number. Restart the processes after restoring a snapshot of a running machine.
//
// Associated data: the header, the receiver's name and the cluster's name. A message for somebody else, or of
// another cluster under the same key, does not open.
//
// Replays. Of each life that has been heard, a window of numbers is kept (replay_window.hpp). The receiver's
// own identity in the associated data does the rest: a message that was recorded cannot be played to another
// node, nor to this one after a restart, when its windows are gone. The table of windows is bounded; the life
// that has been silent longest makes room, after which its old messages could be heard once more
// (membership's order makes old facts harmless). Only a message that opened enters the table, so that an
// outsider cannot push anybody out. A message to an earlier life of this node opens, and says so: its sender
// does not know of the restart, and should be told; nothing else may follow from it, as it may be a replay.
//
// What this keeps, against whom:
//
// - An outsider, who sees, drops, delays, repeats, alters and invents packets, but has no key of the ring. It
//   sees sizes, times, addresses, key ids, salts, numbers, and when the receiver of a packet was started. It
//   cannot read, change or invent a message, nor have one heard twice. Dropping and delaying looks like a bad
//   network, and is dealt with as one. Forged packets cost a node 2.5 us each, real ones 0.5 us
//   (tools/bench/sealing_bench.cpp).
// - An insider, who has a key of the ring: it is a member, and can say anything about anybody. Nothing tells
//   members apart. Who has the old key and recorded a change of keys has the new one, too, as it travelled
//   under the old one: after a theft, give out a new key by hand.
// - A later thief: recorded traffic opens with a key that is stolen later. There is no forward secrecy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/crypto/cipher.hpp>
#include <troupe/crypto/replay_window.hpp>
#include <troupe/crypto/ring.hpp>

namespace troupe::crypto {

/// How much longer a message is when it is sealed.
inline constexpr std::size_t sealed_overhead_bytes = 64;

using salt = std::array<std::byte, 16>;
salt draw_salt();

/// What a sealed message is. `packet` and `ring` travel by UDP, the others on streams.
enum class content : std::uint8_t { packet = 1, ring = 2, exchange = 3, order = 4 };

/// One message, of all that were ever sealed.
struct message_name {
  crypto::salt salt{};
  std::uint64_t number = 0;
};

/// Whom a message is for: one life of one node; or whoever sent the message that it answers.
struct recipient {
  enum class kind : std::uint8_t { node, sender };
  static recipient of(const identity& who);
  static recipient of_answer_to(const message_name& asked);

  recipient::kind kind = kind::node;
  std::array<std::byte, 16> name{};
  std::uint64_t whose = 0;  // the epoch; the number of the message that is answered
};

/// What became of the bytes that arrived.
enum class verdict : std::uint8_t {
  accepted,
  unsealed,       // not sealed at all
  malformed,      // too short, or of another version
  unknown_key,    // the ring does not have it
  forgotten_key,  // the ring had it
  misdirected,    // for somebody else
  replayed,       // heard before, or older than what the window remembers
  forged,         // altered, invented, or of another cluster
};

enum class meant_for : std::uint8_t { this_life, earlier_life };

struct opened {
  content what = content::packet;
  meant_for whom = meant_for::this_life;
  key_id with;
  std::uint32_t ring_digest = 0;  // the sender's
  message_name name;
  std::vector<std::byte> message;
};

/// True for bytes that claim to be sealed: no unsealed message begins like one.
bool looks_sealed(bytes_view bytes);
/// Of a message that `sealing::seal` gave.
message_name name_of(bytes_view sealed);

class sealing {
 public:
  /// `fresh` was drawn for this object and nothing else. `lives_max`: of how many lives windows are kept.
  sealing(std::string cluster, const salt& fresh, std::size_t lives_max);

  /// `with` has its bytes.
  std::vector<std::byte> seal(const ring_entry& with, content what, const recipient& to,
                              std::uint32_t ring_digest, bytes_view message);

  /// Opens what is for `self` under any key that the ring still has the bytes of. `into` is written only
  /// where the verdict is `accepted`, but for its message's bytes, which are lost in any case.
  verdict open(bytes_view sealed, const ring& keys, const recipient& self, opened& into);

  std::size_t lives() const { return lives_.size(); }
  std::uint64_t evicted() const { return evicted_; }

 private:
  /// Somebody who seals: one process, from its start to its end.
  struct life {
    crypto::salt salt;
    key_id with;
    key derived;
    replay_window window;
  };
  struct salt_hash {
    std::size_t operator()(const salt& of) const noexcept;
  };
  using life_list = std::list<life>;

  key derive(const ring_entry& from, const salt& of);
  bytes_view associate(bytes_view header, const recipient& to);
  void note(std::optional<life_list::iterator> known, life heard, std::uint64_t number);

  std::string cluster_;
  std::size_t lives_max_;
  cipher cipher_;
  std::vector<std::byte> associated_;

  salt salt_;
  std::uint64_t next_number_ = 0;
  std::optional<std::pair<key_id, key>> own_;  // derived of the key that was sealed with last

  life_list lives_;  // the one heard last in front
  std::unordered_map<salt, life_list::iterator, salt_hash> by_salt_;
  std::uint64_t evicted_ = 0;
};

}  // namespace troupe::crypto
