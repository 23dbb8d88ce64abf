// The bytes of a link: wire::frame_splitter, and every field that a node or a stub reads of a frame.
//
// The first byte of an input says in what pieces the rest arrives. The same bytes also go in at once: how
// they are cut must make no difference.
#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include <capnp/any.h>
#include <capnp/message.h>

#include <troupe/gossip.capnp.h>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/gossip.hpp>
#include <troupe/wire/guarded.hpp>
#include <troupe/wire/message.hpp>

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
    expect(left.size() >= 1 && left.size() <= limits.words_max, "a frame keeps to the limit");
    expect(left.size() == right.size() && std::memcmp(left.data(), right.data(), left.size_bytes()) == 0,
           "pieces and whole give the same frames");
  }
}

// The optimiser may not leave out a read whose value nobody uses.
volatile std::uint64_t sink;
void look(std::uint64_t value) { sink = sink + value; }
void look(capnp::Text::Reader text) {
  for (const char one : text) look(static_cast<std::uint64_t>(one));
}
void look(wire::idl::Identity::Reader who) { look(who.getNode() ^ who.getEpoch()); }

void read_request(wire::idl::Request::Reader request) {
  look(request.getAttemptId() ^ request.getCallId() ^ request.getInterfaceId() ^ request.getMethod());
  look(request.getRemainingMicros() + request.getAttempt() + request.getCriticality());
  look(request.getService());
  look(request.getTrace().getHigh() ^ request.getTrace().getLow() ^ request.getTrace().getSpan());
  for (const auto entry : request.getMetadata()) {
    look(entry.getKey());
    look(entry.getValue());
  }
  // Parameters are anybody's type. This one has texts, structs and lists of both.
  const auto params = request.getParams();
  look(params.targetSize().wordCount);
  for (const auto member : params.getAs<wire::idl::Sync>().getFacts()) {
    look(member.getName());
    for (const auto service : member.getDocument().getServices()) look(service.getName());
  }
  // What a call within the process does with them.
  capnp::MallocMessageBuilder copy;
  copy.initRoot<wire::idl::Frame>().initRequest().getParams().set(params);
  look(wire::copy_to_frame(copy).words.size());
}

void look(wire::idl::Load::Reader load) {
  look(std::uint64_t{load.getInFlight()} + load.getYours() + load.getWorkers() + load.getLimit());
  look(std::uint64_t{load.getQueueMicros()} + load.getServiceMicros() + load.getServiceAgeMicros());
  look(load.getDraining() ? 1 : 0);
}

void read_reply(wire::idl::Reply::Reader reply) {
  look(reply.getAttemptId());
  look(reply.getLoad());
  if (reply.isFailure()) {
    look(reply.getFailure().getCode());
    look(reply.getFailure().getText());
  } else {
    look(reply.getResults().targetSize().wordCount);
    look(reply.getResults().getAs<wire::idl::Failure>().getText());
  }
}

void read_frame(wire::idl::Frame::Reader root) {
  switch (root.which()) {
    case wire::idl::Frame::HELLO:
      look(root.getHello().getVersion());
      look(root.getHello().getCluster());
      look(root.getHello().getName());
      return look(root.getHello().getFrom());
    case wire::idl::Frame::WELCOME:
      look(root.getWelcome().getName());
      return look(root.getWelcome().getFrom());
    case wire::idl::Frame::REFUSAL:
      look(root.getRefusal().getCode());
      return look(root.getRefusal().getText());
    case wire::idl::Frame::REQUEST:
      return read_request(root.getRequest());
    case wire::idl::Frame::REPLY:
      return read_reply(root.getReply());
    case wire::idl::Frame::CANCEL:
      return look(root.getCancel());
    case wire::idl::Frame::PING:
      return look(root.getPing());
    case wire::idl::Frame::PONG:
      return look(root.getPong());
    case wire::idl::Frame::GO_AWAY:
      return look(root.getGoAway());
    case wire::idl::Frame::EXCHANGE: {
      const auto data = root.getExchange();
      (void)wire::decode_sync(std::as_bytes(std::span(data.begin(), data.size())),
                              wire::cluster_hash("fuzz"));
      return;
    }
    case wire::idl::Frame::LOAD_QUERY:
      return look(root.getLoadQuery().getService());
    case wire::idl::Frame::LOAD_ANSWER:
      look(root.getLoadAnswer().getService());
      return look(root.getLoadAnswer().getLoad());
  }
  // A number that this version does not know: the owner closes the link.
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  const auto cut = split(bytes, std::size_t{1} + data[0]);
  expect_equal(cut, split(bytes, bytes.size()));
  for (const auto& frame : cut.frames)
    (void)wire::guarded("fuzz", [&] { read_frame(wire::message(frame, limits).root()); });
  return 0;
}
