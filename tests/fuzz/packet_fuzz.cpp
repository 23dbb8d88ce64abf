// Gossip from the network: wire::decode_packet, and membership::core::receive with what comes of it.
#include "gossip_stage.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  fuzz::gossip_stage stage;
  fuzz::each_piece(std::as_bytes(std::span(data, size)), [&](auto millis, auto bytes) {
    stage.pass(millis);
    const auto packet = wire::decode_packet(bytes, fuzz::cluster());
    if (!packet) return;
    const auto again = wire::decode_packet(wire::encode(*packet, fuzz::cluster()), fuzz::cluster());
    fuzz::expect(again && again->updates == packet->updates, "what is accepted can be said again");
    stage.receive(*packet);
  });
  return 0;
}
