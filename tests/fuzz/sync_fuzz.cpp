// The messages of a sync on a stream: wire::decode_sync, and membership::core with what comes of them. The
// node is asked, or, where the first piece says so, has dialled.
#include "gossip_stage.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  fuzz::gossip_stage stage;
  bool first = true;
  fuzz::each_piece(std::as_bytes(std::span(data, size)), [&](auto millis, auto bytes) {
    if (std::exchange(first, false) && millis % 2 == 1) (void)stage.dial();
    stage.pass(millis);
    const auto message = wire::decode_sync(bytes, fuzz::cluster());
    if (!message) return;
    const auto again = wire::decode_sync(wire::encode(*message, fuzz::cluster()), fuzz::cluster());
    fuzz::expect(again && *again == *message, "what is accepted can be said again");
    (void)stage.receive(*message);
  });
  return 0;
}
