// Framing: however the bytes are cut up, the same frames come out; and what a sender claims costs nothing
// until it has sent it.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <capnp/serialize.h>
#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/call.capnp.h>
#include <troupe/wire/catching_kj.hpp>
#include <troupe/wire/frame.hpp>

using namespace troupe;
using wire::frame;
using wire::frame_splitter;

namespace {

constexpr std::size_t slab = 64 << 10;

/// A header that claims `words`.
std::vector<std::byte> header(std::uint32_t words, std::uint32_t magic = wire::frame_magic) {
  std::vector<std::byte> bytes(8);
  std::memcpy(bytes.data(), &words, 4);
  std::memcpy(bytes.data() + 4, &magic, 4);
  return bytes;
}

void append(std::vector<std::byte>& to, const std::vector<std::byte>& what) {
  to.insert(to.end(), what.begin(), what.end());
}

/// A frame of `words` words, each of which holds `mark` and its place.
std::vector<std::byte> frame_of(std::uint32_t words, std::uint32_t mark) {
  auto bytes = header(words);
  for (std::uint32_t i = 0; i < words; ++i) {
    const std::uint32_t word[2] = {mark, i};
    const auto* first = reinterpret_cast<const std::byte*>(word);
    bytes.insert(bytes.end(), first, first + 8);
  }
  return bytes;
}

bool holds(const frame& what, std::uint32_t words, std::uint32_t mark) {
  if (what.words.size() != words || reinterpret_cast<std::uintptr_t>(what.words.data()) % 8 != 0)
    return false;
  for (std::uint32_t i = 0; i < words; ++i) {
    std::uint32_t word[2];
    std::memcpy(word, &what.words[i], 8);
    if (word[0] != mark || word[1] != i) return false;
  }
  return true;
}

/// Feeds bytes as a socket would: never more than the splitter has space for, nor than `at_most` at once.
result<void> feed(frame_splitter& into, std::span<const std::byte> bytes, std::vector<frame>& out,
                  std::size_t at_most = ~std::size_t{0}) {
  while (!bytes.empty()) {
    const auto space = into.space();
    REQUIRE(space.size() >= 4096);
    const auto size = std::min({space.size(), bytes.size(), at_most});
    std::memcpy(space.data(), bytes.data(), size);
    bytes = bytes.subspan(size);
    if (auto done = into.filled(size, out); !done) return done;
  }
  return {};
}

frame_splitter splitter(std::uint32_t words_max = 8u << 20) {
  return frame_splitter(wire::frame_limits{.words_max = words_max});
}

}  // namespace

TEST_CASE("frames come out the same wherever the stream is cut") {
  std::vector<std::byte> stream;
  for (const std::uint32_t words : {1u, 7u, 2u}) append(stream, frame_of(words, words));
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    CAPTURE(cut);
    auto split = splitter();
    std::vector<frame> out;
    REQUIRE(feed(split, std::span(stream).first(cut), out));
    REQUIRE(feed(split, std::span(stream).subspan(cut), out));
    REQUIRE(out.size() == 3);
    CHECK(holds(out[0], 1, 1));
    CHECK(holds(out[1], 7, 7));
    CHECK(holds(out[2], 2, 2));
  }
}

TEST_CASE("frames come out the same byte by byte") {
  std::vector<std::byte> stream;
  for (std::uint32_t i = 1; i <= 40; ++i) append(stream, frame_of(i, i));
  auto split = splitter();
  std::vector<frame> out;
  REQUIRE(feed(split, stream, out, 1));
  REQUIRE(out.size() == 40);
  for (std::uint32_t i = 1; i <= 40; ++i) CHECK(holds(out[i - 1], i, i));
}

TEST_CASE("frames that arrive in one read come out of it together") {
  std::vector<std::byte> stream;
  for (std::uint32_t i = 1; i <= 100; ++i) append(stream, frame_of(3, i));
  auto split = splitter();
  std::vector<frame> out;
  REQUIRE(feed(split, stream, out));
  REQUIRE(out.size() == 100);
  for (std::uint32_t i = 1; i <= 100; ++i) CHECK(holds(out[i - 1], 3, i));
}

TEST_CASE("bytes that are no header end the link, after the frames before them") {
  auto stream = frame_of(2, 5);
  append(stream, header(1, 0x20544547));  // "GET "
  auto split = splitter();
  std::vector<frame> out;
  const auto outcome = feed(split, stream, out);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == code::invalid_argument);
  CHECK(outcome.error().text.find("protocol") != std::string::npos);
  REQUIRE(out.size() == 1);
  CHECK(holds(out[0], 2, 5));
}

TEST_CASE("lengths of zero, over the limit, and of 2^31 words are refused on their header alone") {
  for (const std::uint32_t words : {0u, 129u, 1u << 31, 0xffffffffu}) {
    CAPTURE(words);
    auto split = splitter(128);
    std::vector<frame> out;
    const auto outcome = feed(split, header(words), out);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == code::resource_exhausted);
    CHECK(outcome.error().text.find(std::to_string(words)) != std::string::npos);
    CHECK(out.empty());
  }
  auto split = splitter(128);
  std::vector<frame> out;
  REQUIRE(feed(split, frame_of(128, 9), out));
  REQUIRE(out.size() == 1);
  CHECK(holds(out[0], 128, 9));
}

TEST_CASE("a header's claim is given room only as its bytes arrive") {
  constexpr std::uint32_t words = 4 << 20;  // 32 MiB
  auto split = splitter();
  std::vector<frame> out;
  REQUIRE(feed(split, header(words), out));
  std::size_t arrived = 8;
  // Never room for more than was sent already, beyond a slab: a claim alone costs 64 KiB.
  while (arrived < (std::size_t{1} << 20)) {
    const auto space = split.space();
    CHECK(space.size() <= std::max(slab, arrived) + 4096);
    const auto size = std::min<std::size_t>(space.size(), 10'000);
    std::memset(space.data(), 1, size);
    REQUIRE(split.filled(size, out));
    arrived += size;
  }
  CHECK(out.empty());
}

TEST_CASE("a long frame arrives whole, through all the slabs it grew through") {
  constexpr std::uint32_t words = 400'000;
  auto stream = frame_of(3, 1);
  append(stream, frame_of(words, 2));
  append(stream, frame_of(4, 3));
  for (const std::size_t at_most : {std::size_t{1} << 22, std::size_t{70'000}, std::size_t{4099}}) {
    CAPTURE(at_most);
    auto split = splitter();
    std::vector<frame> out;
    REQUIRE(feed(split, stream, out, at_most));
    REQUIRE(out.size() == 3);
    CHECK(holds(out[0], 3, 1));
    CHECK(holds(out[1], words, 2));
    CHECK(holds(out[2], 4, 3));
    out.clear();
    // What one long frame took is not kept for the link's life.
    CHECK(split.space().size() <= slab);
  }
}

TEST_CASE("a slab is used again only when nobody holds a frame of it") {
  auto split = splitter();
  std::vector<frame> out;
  REQUIRE(feed(split, frame_of(3, 1), out));
  const auto* const first = split.space().data();
  // The frame is alive: the space begins after it.
  CHECK(reinterpret_cast<const std::byte*>(out[0].words.data() + 3) == first);
  out.clear();
  const auto* const again = split.space().data();
  CHECK(again == first - 32);
  // Held frames keep their bytes while slab after slab is filled behind them.
  std::vector<frame> held;
  for (std::uint32_t i = 0; i < 2000; ++i) REQUIRE(feed(split, frame_of(50, i), held, 333));
  REQUIRE(held.size() == 2000);
  for (std::uint32_t i = 0; i < 2000; ++i) {
    CAPTURE(i);
    REQUIRE(holds(held[i], 50, i));
  }
}

TEST_CASE("frames outlive the splitter") {
  std::vector<frame> out;
  {
    auto split = splitter();
    REQUIRE(feed(split, frame_of(100, 7), out));
  }
  REQUIRE(out.size() == 1);
  CHECK(holds(out[0], 100, 7));
}

TEST_CASE("messages of one and of many segments go through as they are") {
  for (const capnp::uint first : {4u, 64u, 4096u}) {
    capnp::MallocMessageBuilder message(first, capnp::AllocationStrategy::FIXED_SIZE);
    auto request = message.initRoot<wire::idl::Frame>().initRequest();
    request.setService("shop.Cart");
    auto metadata = request.initMetadata(20);
    for (capnp::uint i = 0; i < 20; ++i) metadata[i].setKey("key-" + std::to_string(i));
    std::vector<std::byte> bytes;
    wire::append_frame(bytes, message);
    CHECK(bytes.size() == wire::frame_bytes(message));
    CHECK(bytes.size() == wire::header_bytes + 8 * wire::message_words(message));
    // What goes out in pieces is the same bytes.
    std::vector<std::byte> pieces;
    wire::append_preamble(pieces, message);
    for (const auto& segment : message.getSegmentsForOutput()) {
      const auto* from = reinterpret_cast<const std::byte*>(segment.begin());
      pieces.insert(pieces.end(), from, from + segment.size() * 8);
    }
    CHECK(pieces == bytes);
    auto split = splitter();
    std::vector<frame> out;
    REQUIRE(feed(split, bytes, out, 5));
    REQUIRE(out.size() == 1);
    out.push_back(wire::copy_to_frame(message));
    for (const auto& each : out) {
      capnp::FlatArrayMessageReader reader(kj::arrayPtr(each.words.data(), each.words.size()),
                                           wire::reader_options(each, {}));
      const auto back = reader.getRoot<wire::idl::Frame>().getRequest();
      CHECK(back.getService() == "shop.Cart");
      CHECK(back.getMetadata()[19].getKey() == "key-19");
    }
  }
}

TEST_CASE("20,000 random byte strings neither crash the splitter nor the reader") {
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    CAPTURE(seed);
    random_source random(seed);
    std::vector<std::byte> bytes;
    const auto pieces = 1 + random.below(4);
    for (std::uint32_t i = 0; i < pieces; ++i) {
      switch (random.below(4)) {
        case 0: {
          std::vector<std::byte> noise(random.below(64));
          for (auto& byte : noise) byte = static_cast<std::byte>(random());
          append(bytes, noise);
          break;
        }
        case 1:
          append(bytes, header(random.below(300)));
          break;
        default: {
          capnp::MallocMessageBuilder message(32);
          auto request = message.initRoot<wire::idl::Frame>().initRequest();
          request.setService("shop.Cart");
          request.initTrace().setHigh(random());
          const auto at = bytes.size();
          wire::append_frame(bytes, message);
          const auto flips = random.below(4);
          for (std::uint32_t flip = 0; flip < flips; ++flip)
            bytes[at + 8 + random.below(static_cast<std::uint32_t>(bytes.size() - at - 8))] =
                static_cast<std::byte>(random());
        }
      }
    }
    auto split = splitter(256);
    std::vector<frame> out;
    (void)feed(split, bytes, out, 1 + random.below(200));
    for (const auto& each : out) {
      REQUIRE(each.words.size() >= 1);
      REQUIRE(each.words.size() <= 256);
      (void)wire::catching_kj("noise", [&] {
        capnp::FlatArrayMessageReader reader(kj::arrayPtr(each.words.data(), each.words.size()),
                                             wire::reader_options(each, {}));
        const auto root = reader.getRoot<wire::idl::Frame>();
        if (!root.isRequest()) return;
        (void)root.getRequest().getService().size();
        (void)root.getRequest().getTrace().getHigh();
        (void)root.totalSize();
      });
    }
  }
}
