// The step between gossip's bytes and the network: everything that leaves is sealed here, everything that
// arrives is opened here, and the ring of keys is told and changed here. Without keys it lets all pass. No
// clock, no threads, no log: whoever owns it hears what is worth telling (gossip/key_desk.hpp).
//
// How a change of keys gets around: every sealed message says the digest of its sender's ring. Who finds
// another one than its own tells the sender its ring, and takes the sender's in return when that has more. So
// a change reaches everybody whom gossip reaches, after about as many periods as a rumour takes, and a node
// that was away finds out with its first packet.
//
// A message under a retired key is answered with the ring, and has no other effect. A node that gets no
// answer to the streams that it opens tries its other keys in turn: after a split in which both parts changed
// keys, that is how they meet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <troupe/base/endpoint.hpp>
#include <troupe/base/event_counts.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/crypto/ring.hpp>
#include <troupe/crypto/seal_refusals.hpp>
#include <troupe/crypto/sealing.hpp>

namespace troupe::crypto {

class gossip_seal {
 public:
  class owner {
   public:
    virtual ~owner() = default;
    enum class severity : std::uint8_t { info, warning, error };
    virtual void on_notice(severity how, const std::string& text) = 0;
    virtual void on_ring_changed(const ring& now) = 0;
  };

  /// `self`: this process; `node`: its name, for errors. `members_max`: how many there may be in the cluster
  /// `cluster`. `told` outlives this, and is not called before the constructor has returned.
  gossip_seal(const identity& self, std::string node, const std::string& cluster, ring keys,
              std::size_t members_max, owner& told);

  /// Whether there is a key. Never again false once true.
  bool on() const { return !ring_.empty(); }
  const ring& keys() const { return ring_; }

  // --- Packets ---

  /// `packet`, for the network. Empty: it cannot leave, as it names no receiver or no key is left; counted.
  std::vector<std::byte> seal(std::vector<std::byte> packet, const identity& receiver);

  struct arrival {
    std::vector<std::byte> packet;
    meant_for whom = meant_for::this_life;
    key_id with;
    bool other_ring = false;     // the sender's ring is another one
    bool under_retired = false;  // it says nothing but that its sender was away
  };
  /// Nothing: it was refused and counted, or it was a ring and is dealt with; see `take_outgoing`.
  std::optional<arrival> open(bytes_view packet, const endpoint& from, time_point now);
  /// Tells a sender about the ring, where it wants to know. True: it has nothing else to say.
  bool settle_rings(const arrival& with, const identity& sender, const endpoint& at, time_point now);

  struct outgoing {
    endpoint to;
    std::vector<std::byte> packet;
  };
  std::vector<outgoing> take_outgoing() { return std::exchange(outgoing_, {}); }
  /// Who sent a packet under a key that this node does not have, a few a second. If a member has that
  /// address, a stream to it finds out which key both have.
  std::optional<endpoint> take_stranger() { return std::exchange(stranger_, std::nullopt); }

  // --- Streams ---

  /// One stream's messages. They answer each other in turn, and each opens as the answer to the one before.
  struct stream {
    identity peer;  // the dialling side's; nobody on the other
    std::optional<key_id> with;
    std::optional<message_name> sent;  // the last ones
    std::optional<message_name> heard;
    bool learned = false;  // a key, and nothing else
  };
  /// `peer`: who the other side says it is.
  stream dial(const identity& peer) const;
  stream serve() const { return {}; }
  /// Empty: no key is left.
  std::vector<std::byte> seal(stream& on, std::vector<std::byte> message);
  /// Errors: unauthenticated, saying why the message is refused. `last_words`, where not empty, is to be sent
  /// before the stream is closed.
  result<std::vector<std::byte>> open(stream& on, bytes_view message, std::vector<std::byte>& last_words);
  /// Once for each that was dialled. True: it failed for lack of the right key, and there is another one to
  /// try at once. Never more often in a row than there are keys.
  bool ended(const stream& which);

  // --- Keys ---

  /// An order that was sealed by somebody with a held key: see key_order.hpp. `today`: seconds since 1970.
  /// Gives what was done. Errors: unauthenticated; those of ring.
  result<std::string> obey(bytes_view order, std::uint64_t today);
  /// Forgets keys when it is time: to be called now and then. `today`: seconds since 1970.
  void look_at_age(std::uint64_t today);
  void count(event_counts& into) const;

 private:
  recipient self() const { return recipient::of(self_); }
  void refuse(verdict why, const std::string& from, bytes_view what);
  bool take_ring(std::string_view text);
  void tell_ring(const identity& who, const endpoint& at, key_id under, time_point now);

  identity self_;
  std::string node_;
  owner& owner_;
  ring ring_;
  sealing packets_;
  sealing streams_;
  std::vector<outgoing> outgoing_;
  std::optional<endpoint> stranger_;
  time_point next_stranger_ = time_point::min();

  std::map<node_id, std::size_t> unanswered_;  // streams in a row that were dialled to it
  std::uint32_t tells_left_ = 0;
  time_point tells_since_ = time_point::min();

  seal_refusals refused_;
  std::uint64_t unaddressed_ = 0, told_ = 0, not_told_ = 0, heard_rings_ = 0, under_retired_ = 0;
};

}  // namespace troupe::crypto
