// One membership core that hears whatever the fuzzer sends, in virtual time, and what must hold of it.
//
// An input is a row of pieces, each a header and bytes: 2 bytes of length (in words of 8 bytes), 2 bytes of
// milliseconds that pass before it arrives, both little-endian; then the packet or snapshot. A last piece
// that is shorter than it says is taken as it is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

  void merge(const membership::snapshot& what) {
    core_.merge(what, now_, out_);
    settle();
    const auto told = core_.make_snapshot();
    const auto back = wire::decode_snapshot(wire::encode(told, cluster()), cluster());
    expect(back && back->members == told.members, "a node's own snapshot comes back as it was");
  }

 private:
  static membership::options settings() {
    membership::options chosen;
    chosen.members_max = 16;  // within the fuzzer's reach
    return chosen;
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
    expect(core_.self().name == "node-1", "nobody else names a node");
    expect(core_.self().document.services.size() == 2, "nobody else writes a node's document");
    expect(core_.local_health() >= 0 && core_.local_health() <= settings_.health_max, "health is in bounds");
  }

  membership::options settings_ = settings();
  identity self_{{1}, {10}};
  time_point now_{};
  membership::core core_{settings_, self_, "node-1", address_of(1), 42, now_};
  membership::actions out_;
};

}  // namespace troupe::fuzz
