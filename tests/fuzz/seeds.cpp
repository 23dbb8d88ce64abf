// Writes the seeds in tests/fuzz/corpus: real messages, for the fuzzers to start from.
//
//   build/fuzz/bin/fuzz_seeds tests/fuzz/corpus      after a change of the wire format or of the pieces
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <capnp/message.h>

#include <troupe/call.capnp.h>
#include <troupe/wire/frame.hpp>

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

template <class Fill>
bytes frame_of(Fill&& fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<wire::idl::Frame>());
  bytes out;
  wire::append_frame(out, message);
  return out;
}

void fill_request(wire::idl::Frame::Builder frame) {
  auto request = frame.initRequest();
  request.setAttemptId(7);
  request.setCallId(3);
  request.setInterfaceId(0x940fe95dde5828b9);
  request.setMethod(1);
  request.setAttempt(1);
  request.setRemainingMicros(250'000);
  request.setService("shop.Cart");
  request.initTrace().setHigh(1);
  auto entries = request.initMetadata(2);
  for (const auto& [index, key] : {std::pair{0u, "user"}, std::pair{1u, "region"}}) {
    entries[index].setKey(key);
    entries[index].setValue("ann");
  }
  request.getParams().initAs<wire::idl::Hello>().setCluster("parameters");
}

bytes exchange_bytes();

void write_frames(const seed_folder& to) {
  using builder = wire::idl::Frame::Builder;
  const auto write = [&](const std::string& name, const std::vector<bytes>& frames) {
    bytes all{piece_byte};
    for (const auto& one : frames) all.insert(all.end(), one.begin(), one.end());
    to.write(name, all);
  };
  const auto hello = frame_of([](builder frame) {
    auto hello = frame.initHello();
    hello.setVersion(1);
    hello.setCluster("fuzz");
    hello.setName("node-2");
    hello.getFrom().setNode(2);
    hello.getFrom().setEpoch(10);
  });
  const auto reply = frame_of([](builder frame) {
    auto reply = frame.initReply();
    reply.setAttemptId(7);
    reply.initLoad().setInFlight(3);
    reply.getResults().initAs<wire::idl::Failure>().setText("results");
  });
  const auto failure = frame_of([](builder frame) {
    auto failure = frame.initReply().initFailure();
    failure.setCode(14);
    failure.setText("not now");
  });
  const auto request = frame_of(fill_request);
  const auto ping = frame_of([](builder frame) { frame.setPing(5); });
  write("hello", {hello});
  write("refusal", {frame_of([](builder frame) { frame.initRefusal().setText("another cluster"); })});
  write("request", {request});
  write("conversation", {hello, request, ping, request, frame_of([](builder f) { f.setCancel(7); })});
  write("replies", {frame_of([](builder frame) { frame.initWelcome().setName("node-1"); }), reply, failure,
                    frame_of([](builder frame) { frame.setGoAway("it stops"); })});
  write("load", {frame_of([](builder frame) { frame.initLoadQuery().setService("shop.Cart"); }),
                 frame_of([](builder frame) {
                   frame.initLoadAnswer().setService("shop.Cart");
                   frame.getLoadAnswer().initLoad().setInFlight(3);
                 })});
  const auto sync = exchange_bytes();
  write("exchange", {frame_of([&](builder frame) {
          frame.setExchange({reinterpret_cast<const kj::byte*>(sync.data()), sync.size()});
        })});
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
