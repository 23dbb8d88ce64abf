// Writes the seeds in tests/fuzz/corpus: real messages, for the fuzzers to start from.
//
//   build/fuzz/bin/fuzz_seeds tests/fuzz/corpus      after a change of the wire format or of the pieces
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <capnp/message.h>

#include <troupe/call.capnp.h>
#include <troupe/wire/call.hpp>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/signals.hpp>

#include "gossip_stage.hpp"

namespace {

using namespace troupe;
using bytes = std::vector<std::byte>;

struct seed_folder {
  std::filesystem::path path;

  void write(const std::string& name, const bytes& what) const {
    std::filesystem::create_directories(path);
    std::ofstream file(path / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(what.data()), static_cast<std::streamsize>(what.size()));
  }
};

// --- Frames --------------------------------------------------------------------------------------------

/// What the fuzzer takes first: the rest arrives in pieces of one more than this.
constexpr std::byte piece_byte{63};

bytes frame_of(capnp::MessageBuilder& message) {
  bytes out;
  wire::append_frame(out, message);
  return out;
}

/// Of anything that the codec can write.
template <class What>
bytes saying(const What& what) {
  wire::short_frame frame(what);
  return frame_of(frame);
}

bytes request_frame() {
  wire::request_envelope request;
  request.begin({"shop.Cart", 0x940fe95dde5828b9, 1});
  const std::vector<std::pair<std::string, std::string>> metadata = {{"user", "ann"}, {"region", "ann"}};
  request.set_metadata(metadata);
  request.params().initAs<wire::idl::Hello>().setCluster("parameters");
  request.stamp({.attempt = {7}, .call = {3}, .bounce_at = 5, .remaining = 250ms}, {.high = 1});
  return frame_of(request.message());
}

bytes reply_frame() {
  wire::reply_envelope reply;
  reply.answers({7});
  reply.set_load({.in_flight = 3});
  reply.results().initAs<wire::idl::Failure>().setText("results");
  return frame_of(reply.message());
}

bytes failure_frame() {
  wire::reply_envelope reply;
  reply.fail({code::unavailable, wire::ending::refused, rpc::advice::may_retry, "not now"});
  return frame_of(reply.message());
}

/// Of a release that says nothing of features.
bytes old_hello() {
  capnp::MallocMessageBuilder message;
  auto hello = message.initRoot<wire::idl::Frame>().initHello();
  hello.setVersion(wire::protocol_version);
  hello.setCluster("fuzz");
  hello.getFrom().setNode(2);
  return frame_of(message);
}

bytes exchange_bytes();

void write_frames(const seed_folder& to) {
  const auto write = [&](const std::string& name, const std::vector<bytes>& frames) {
    bytes all{piece_byte};
    for (const auto& one : frames) all.insert(all.end(), one.begin(), one.end());
    to.write(name, all);
  };
  const wire::hello introduced{.cluster = "fuzz", .from = {{2}, {10}}, .name = "node-2"};
  const auto hello = saying(introduced);
  const auto request = request_frame();
  write("hello", {hello});
  write("old_hello", {old_hello()});
  write("refusal", {saying(wire::refusal{{code::permission_denied, "another cluster"}})});
  write("request", {request});
  write("conversation", {hello, request, saying(wire::ping{5}), request, saying(wire::cancel{{7}})});
  write("replies", {saying(wire::welcome_of(introduced)), reply_frame(), failure_frame(),
                    saying(wire::go_away{"it stops"})});
  write("load",
        {saying(wire::load_query{"shop.Cart"}), saying(wire::load_answer{"shop.Cart", {.in_flight = 3}})});
  const auto sync = exchange_bytes();
  wire::exchange_frame exchange(sync);
  write("exchange", {frame_of(exchange)});
}

// --- Gossip --------------------------------------------------------------------------------------------

membership::update about(std::uint8_t node, membership::state state = membership::state::alive) {
  membership::update what;
  what.subject = {{node}, {10}};
  what.state = state;
  what.mode = membership::mode::ready;
  what.who = membership::make_attributes("node-" + std::to_string(node), fuzz::address_of(node));
  if (state == membership::state::suspect || state == membership::state::dead) what.accuser = {2};
  return what;
}

membership::update offering(std::uint8_t node) {
  auto what = about(node);
  what.registration_version = 1;
  what.document = std::make_shared<const membership::registration>(
      membership::registration{1, "zone-b", {{"shop.Cart", 1, 100}, {"shop.Search", 9, 10}}});
  return what;
}

membership::packet packet_of(membership::packet_kind kind, std::vector<membership::update> updates) {
  membership::packet what;
  what.kind = kind;
  what.from = {{2}, {10}};
  what.from_address = fuzz::address_of(2);
  what.sequence = 77;
  what.updates = std::move(updates);
  return what;
}

/// The pieces of one input: `first` at once, each further one 300 ms after the one before.
template <class Message>
bytes pieces_of(const std::vector<Message>& messages) {
  bytes all;
  for (const auto& one : messages) {
    const auto encoded = wire::encode(one, fuzz::cluster());
    const fuzz::piece header{static_cast<std::uint16_t>(encoded.size() / 8),
                             static_cast<std::uint16_t>(all.empty() ? 0 : 300)};
    const auto* first = reinterpret_cast<const std::byte*>(&header);
    all.insert(all.end(), first, first + sizeof header);
    all.insert(all.end(), encoded.begin(), encoded.end());
  }
  return all;
}

void write_packets(const seed_folder& to) {
  using membership::packet_kind;
  using membership::state;
  auto ping = packet_of(packet_kind::ping, {offering(2)});
  ping.target = {{1}, {10}};
  auto ping_request = packet_of(packet_kind::ping_request, {about(3)});
  ping_request.target = {{3}, {10}};
  ping_request.target_address = fuzz::address_of(3);
  const auto gossip = [](std::vector<membership::update> updates) {
    return packet_of(packet_kind::gossip, std::move(updates));
  };
  auto self_accused = about(1, state::suspect);
  to.write("ping", pieces_of<membership::packet>({ping}));
  to.write("ping_request", pieces_of<membership::packet>({ping, ping_request}));
  to.write("answers", pieces_of<membership::packet>(
                          {ping, packet_of(packet_kind::ack, {}), packet_of(packet_kind::nack, {})}));
  to.write("life_and_death",
           pieces_of<membership::packet>({gossip({offering(2), about(3)}), gossip({about(3, state::suspect)}),
                                          gossip({about(3, state::dead)}), gossip({about(2, state::left)})}));
  to.write("refutation", pieces_of<membership::packet>({ping, gossip({self_accused})}));
}

/// Node 2, which knows some of the others, as the one that syncs with the fuzzer's node.
struct neighbour {
  explicit neighbour(const std::vector<membership::update>& known) {
    core.publish({{"shop.Search", 9, 10}}, "zone-b", now, out);
    if (known.empty()) return;
    core.receive(packet_of_node_3(known), fuzz::address_of(3), now, out);
  }
  static membership::packet packet_of_node_3(const std::vector<membership::update>& known) {
    auto told = packet_of(membership::packet_kind::gossip, known);
    told.from = {{3}, {10}};
    told.from_address = fuzz::address_of(3);
    return told;
  }

  time_point now{};
  membership::core core{{}, {{2}, {10}}, "node-2", fuzz::address_of(2), 7, now};
  membership::actions out;
};

/// What node 2 says in a sync in which it dials, or is dialled, until one of them has no more to say.
std::vector<membership::sync_message> spoken(neighbour& by, membership::sync_session::side which) {
  fuzz::gossip_stage stage;
  std::vector<membership::sync_message> said;
  std::optional<membership::sync_message> heard;
  auto session = by.core.serve_sync();
  if (which == membership::sync_session::side::initiator) {
    membership::sync_message opening;
    session = by.core.begin_sync(fuzz::address_of(1), opening);
    said.push_back(opening);
    heard = stage.receive(opening);
  } else {
    heard = stage.dial();
  }
  while (heard && !session.done()) {
    const auto answer = by.core.receive_sync(session, *heard, by.now, by.out);
    if (!answer || !*answer) break;
    said.push_back(**answer);
    heard = stage.receive(**answer);
  }
  by.core.end_sync(session);
  return said;
}

bytes exchange_bytes() {
  neighbour alone({});
  return wire::encode(spoken(alone, membership::sync_session::side::initiator).front(), fuzz::cluster());
}

void write_syncs(const seed_folder& to) {
  using membership::state;
  using side = membership::sync_session::side;
  std::vector<membership::update> crowd;
  for (std::uint8_t node = 3; node < 15; ++node) crowd.push_back(about(node));
  const std::vector<membership::update> few = {offering(3), about(4, state::suspect), about(5, state::left)};
  for (const auto& [name, known] :
       {std::pair{"alone", std::vector<membership::update>{}}, {"few", few}, {"crowd", crowd}}) {
    neighbour dialling(known);
    to.write(std::string(name) + "_dials", pieces_of(spoken(dialling, side::initiator)));
    neighbour dialled(known);
    auto pieces = pieces_of(spoken(dialled, side::responder));
    // An odd time before the first piece: the fuzzer's node dials.
    if (pieces.size() >= sizeof(fuzz::piece)) pieces[offsetof(fuzz::piece, millis)] = std::byte{1};
    to.write(std::string(name) + "_dialled", pieces);
  }
  membership::sync_message presence;
  presence.kind = membership::sync_kind::ping;
  presence.from = {{2}, {10}};
  presence.target = {{1}, {10}};
  to.write("presence", pieces_of(std::vector{presence}));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: fuzz_seeds FOLDER\n", stderr);
    return 2;
  }
  const std::filesystem::path corpus(arguments[1]);
  write_frames({corpus / "frame"});
  write_packets({corpus / "packet"});
  write_syncs({corpus / "sync"});
}
