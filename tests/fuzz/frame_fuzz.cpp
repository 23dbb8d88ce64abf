// The bytes of a link: wire::frame_splitter, and every frame through its codec, as nodes and stubs read it.
//
// The first byte of an input says in what pieces the rest arrives. The same bytes also go in at once: how
// they are cut must make no difference.
#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <capnp/any.h>

#include <troupe/gossip.capnp.h>
#include <troupe/wire/call.hpp>
#include <troupe/wire/catching_kj.hpp>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/gossip.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/message.hpp>
#include <troupe/wire/signals.hpp>
#include <troupe/wire/text.hpp>

#include "expect.hpp"

namespace {

using namespace troupe;
using fuzz::expect;

// Small, so that the limit is within the fuzzer's reach.
constexpr wire::frame_limits limits{.words_max = 1024, .nesting_max = 64};

struct outcome {
  std::vector<wire::frame> frames;
  std::optional<code> failure;
};

outcome split(std::span<const std::byte> bytes, std::size_t piece) {
  wire::frame_splitter splitter(limits);
  outcome all;
  while (!bytes.empty() && !all.failure) {
    const auto space = splitter.space();
    expect(space.size() >= 4096, "there is room for 4 KiB");
    const auto size = std::min({piece, bytes.size(), space.size()});
    std::memcpy(space.data(), bytes.data(), size);
    bytes = bytes.subspan(size);
    if (const auto done = splitter.filled(size, all.frames); !done) all.failure = done.error().code;
  }
  return all;
}

void expect_equal(const outcome& a, const outcome& b) {
  expect(a.failure == b.failure, "pieces and whole fail alike");
  expect(a.frames.size() == b.frames.size(), "pieces and whole give as many frames");
  for (std::size_t i = 0; i < a.frames.size(); ++i) {
    const auto& left = a.frames[i].words;
    const auto& right = b.frames[i].words;
    expect(!left.empty() && left.size() <= limits.words_max, "a frame keeps to the limit");
    expect(left.size() == right.size() && std::memcmp(left.data(), right.data(), left.size_bytes()) == 0,
           "pieces and whole give the same frames");
  }
}

// The optimiser may not leave out a read whose value nobody uses.
volatile std::uint64_t sink;
void look(std::uint64_t value) { sink = sink + value; }
void look(std::string_view text) {
  for (const char one : text) look(static_cast<std::uint64_t>(one));
}

/// What the codec has read of it again, once it was written.
template <class What>
wire::message_ptr said_again(const What& what) {
  wire::short_frame frame(what);
  auto read = wire::open(wire::copy_to_frame(frame), wire::frame_limits{});
  expect(static_cast<bool>(read), "what was read can be written");
  return std::move(*read);
}

void look_at_hello(const wire::message& from) {
  const auto said = wire::read_hello(from);
  if (!said) return;
  expect(said->cluster.size() <= 64 && said->name.size() <= 64, "a hello's texts keep to their bounds");
  expect(said->version != wire::protocol_version || said->from.node, "a hello is somebody's");
  const auto again = wire::read_hello(*said_again(*said));
  expect(again && again->version == said->version && again->cluster == said->cluster &&
             again->name == said->name && again->from == said->from,
         "a hello can be said again");
  expect(said->version != wire::protocol_version || again->features == said->features,
         "a hello says the same features again");
  (void)wire::agree(*said, {.cluster = "fuzz", .from = {{1}, {1}}, .name = "node-1"});
}

void look_at_welcome(const wire::message& from) {
  const auto said = wire::read_welcome(from);
  if (!said) return expect(said.error().code != code::ok, "a refusal is an error");
  expect(said->name.size() <= 64, "a welcome's name keeps to its bound");
  expect(wire::read_welcome(*said_again(*said)).value().name == said->name, "a welcome can be said again");
  (void)wire::agree(*said, {.cluster = "fuzz", .from = {{1}, {1}}, .name = "node-1"});
}

void look_at_request(const wire::message& from) {
  const auto said = wire::read_request(from);
  if (!said) return;
  const auto& head = *said;
  look(head.attempt.attempt.value ^ head.attempt.call.value ^ head.method.interface_id ^ head.method.ordinal);
  expect(head.attempt.remaining >= 0s && head.attempt.remaining <= 24h, "what remains is a time of a day");
  expect(head.attempt.criticality <= rpc::criticality::critical, "a request matters as much as it can");
  look(head.method.service);
  look(wire::trace_of(from).high);
  look(wire::metadata_of(from, "region"));
  // Parameters are anybody's type. This one has texts, structs and lists of both.
  const auto params = said->params;
  look(params.targetSize().wordCount);
  for (const auto member : params.getAs<wire::idl::Sync>().getFacts()) {
    look(wire::view_of(member.getName()));
    for (const auto service : member.getDocument().getServices()) look(wire::view_of(service.getName()));
  }
  // What a call within the process does with them.
  wire::request_envelope copy;
  copy.begin(head.method);
  copy.params().set(params);
  copy.stamp(head.attempt, wire::trace_of(from));
  look(wire::copy_to_frame(copy.message()).words.size());
}

void look(const rpc::load_report& load) {
  expect(load.queue_delay >= 0s && load.service_time >= 0s && load.service_age >= 0s,
         "times of a load are not negative");
  look(std::uint64_t{load.in_flight} + load.yours + load.workers + load.limit);
}

void look_at_reply(const wire::message& from) {
  const auto said = wire::read_reply(from);
  if (!said) return;
  look(said->attempt.value);
  look(said->load);
  if (said->failed) {
    expect(said->failed->code != code::ok, "a failure is an error");
    wire::reply_envelope copy;
    copy.fail(*said->failed);
    look(said->failed->text);
  } else {
    const auto results = said->results;
    look(results.targetSize().wordCount);
    look(wire::view_of(results.getAs<wire::idl::Failure>().getText()));
  }
}

void look_at_load(const wire::message& from) {
  if (from.kind() == wire::frame_kind::load_query) {
    if (const auto said = wire::read_load_query(from)) look(said->service);
  } else if (const auto said = wire::read_load_answer(from)) {
    look(said->service);
    look(said->load);
  }
}

void look_at_frame(const wire::message& from) {
  using kind = wire::frame_kind;
  switch (from.kind()) {
    case kind::hello:
      return look_at_hello(from);
    case kind::welcome:
    case kind::refusal:
      return look_at_welcome(from);
    case kind::request:
      return look_at_request(from);
    case kind::reply:
      return look_at_reply(from);
    case kind::cancel:
      return look(wire::read_cancel(from).attempt.value);
    case kind::ping:
      return look(wire::read_ping(from).number);
    case kind::pong:
      return look(wire::read_pong(from).number);
    case kind::go_away:
      if (const auto said = wire::read_go_away(from)) look(said->why);
      return;
    case kind::exchange:
      if (const auto said = wire::read_exchange(from))
        (void)wire::decode_sync(said->message, wire::cluster_hash("fuzz"));
      return;
    case kind::load_query:
    case kind::load_answer:
      return look_at_load(from);
    case kind::unknown:
      return;  // the owner closes the link
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  const auto cut = split(bytes, std::size_t{1} + data[0]);
  expect_equal(cut, split(bytes, bytes.size()));
  for (const auto& frame : cut.frames) {
    const auto read = wire::open(frame, limits);
    if (!read) continue;
    // For parameters and results, which are read in place: the codec itself throws nothing.
    (void)wire::catching_kj("fuzz", [&] { look_at_frame(**read); });
  }
  return 0;
}
