// One membership core that hears whatever the fuzzer sends, in virtual time, and what must hold of it.
//
// An input is a row of pieces, each a header and bytes: 2 bytes of length (in words of 8 bytes), 2 bytes of
// milliseconds that pass before it arrives, both little-endian; then the packet or sync message. A last piece
// that is shorter than it says is taken as it is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include <troupe/membership/core.hpp>
#include <troupe/wire/gossip.hpp>

#include "expect.hpp"

namespace troupe::fuzz {

struct piece {
  std::uint16_t words = 0;
  std::uint16_t millis = 0;
};
static_assert(sizeof(piece) == 4);

inline std::uint64_t cluster() { return wire::cluster_hash("fuzz"); }

/// 10.0.0.<node>:7000
inline endpoint address_of(std::uint8_t node) {
  return {.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, node}, .port = 7000};
}

/// Calls `arrived(millis, bytes)` for each piece.
template <class Arrived>
void each_piece(std::span<const std::byte> input, Arrived&& arrived) {
  while (input.size() >= sizeof(piece)) {
    piece next;
    std::memcpy(&next, input.data(), sizeof next);
    input = input.subspan(sizeof next);
    const auto size = std::min(input.size(), std::size_t{8} * next.words);
    arrived(next.millis, input.first(size));
    input = input.subspan(size);
  }
}

/// Node 1, which has services of its own.
class gossip_stage {
 public:
  gossip_stage() {
    core_.publish({{"shop.Cart", 1, 100}, {"shop.Payment", 2, 50}}, "zone-a", now_, out_);
    core_.set_mode(membership::mode::ready, now_, out_);
    settle();
  }

  void pass(std::uint16_t millis) {
    const auto until = now_ + std::chrono::milliseconds(millis);
    while (core_.next_deadline() <= until) {
      now_ = std::max(now_, core_.next_deadline());
      core_.tick(now_, out_);
      expect(core_.next_deadline() > now_, "after a tick, nothing is due any more");
      settle();
    }
    now_ = until;
  }

  void receive(const membership::packet& what) {
    core_.receive(what, what.from_address, now_, out_);
    settle();
  }

  /// A message on a stream that is open, or that this one opens. Gives what the node says to it.
  std::optional<membership::sync_message> receive(const membership::sync_message& what) {
    using membership::sync_kind;
    if (!session_ || what.kind == sync_kind::open || what.kind == sync_kind::ping) {
      cut();
      session_.emplace(core_.serve_sync());
    }
    const auto answer = core_.receive_sync(*session_, what, now_, out_);
    settle();
    if (!answer || session_->done()) cut();
    if (!answer || !*answer) return std::nullopt;
    check(**answer);
    return **answer;
  }
  /// The node dials: what is received from now on is said by whom it has dialled.
  membership::sync_message dial() {
    cut();
    membership::sync_message opening;
    session_.emplace(core_.begin_sync(address_of(2), opening));
    check(opening);
    return opening;
  }
  /// The stream ends.
  void cut() {
    if (session_) core_.end_sync(*session_);
    session_.reset();
    settle();
  }

 private:
  static membership::options settings() {
    membership::options chosen;
    chosen.members_max = 16;  // within the fuzzer's reach
    return chosen;
  }

  static void check(const membership::sync_message& said) {
    const auto bytes = wire::encode(said, cluster());
    expect(membership::size_bound(said) <= membership::sync_message_bytes_max, "a message keeps to its size");
    expect(bytes.size() <= membership::size_bound(said), "a message is no longer than it says");
    const auto back = wire::decode_sync(bytes, cluster());
    expect(back && *back == said, "a node's own message comes back as it was");
  }

  void settle() {
    for (const auto& send : out_.packets) {
      const auto bytes = wire::encode(send.what, cluster());
      expect(bytes.size() <= settings_.packet_bytes_max, "a packet keeps to its size");
      const auto back = wire::decode_packet(bytes, cluster());
      expect(back && back->updates == send.what.updates, "a node's own packet comes back as it was");
    }
    out_.clear();
    const auto& members = core_.members();
    expect(members.size() <= settings_.members_max, "there are no more members than allowed");
    expect(core_.self().self == self_, "a node stays who it is");
    expect(core_.self().who->name == "node-1", "nobody else names a node");
    expect(core_.self().document->services.size() == 2, "nobody else writes a node's document");
    expect(core_.local_health() >= 0 && core_.local_health() <= settings_.health_max, "health is in bounds");
  }

  membership::options settings_ = settings();
  identity self_{{1}, {10}};
  time_point now_{};
  membership::core core_{settings_, self_, "node-1", address_of(1), 42, now_};
  membership::actions out_;
  std::optional<membership::sync_session> session_;
};

}  // namespace troupe::fuzz
