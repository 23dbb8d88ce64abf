// The exchange on a stream: wire::decode_snapshot, and membership::core::merge with what comes of it.
#include "gossip_stage.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  fuzz::gossip_stage stage;
  fuzz::each_piece(std::as_bytes(std::span(data, size)), [&](auto millis, auto bytes) {
    stage.pass(millis);
    const auto snapshot = wire::decode_snapshot(bytes, fuzz::cluster());
    if (!snapshot) return;
    const auto again = wire::decode_snapshot(wire::encode(*snapshot, fuzz::cluster()), fuzz::cluster());
    fuzz::expect(again && again->members == snapshot->members, "what is accepted can be said again");
    stage.merge(*snapshot);
  });
  return 0;
}
