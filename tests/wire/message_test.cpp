// Frames as messages: what kind they are of, and what is no message.
#include <cstdint>
#include <cstring>
#include <span>

#include <doctest/doctest.h>

#include <troupe/wire/message.hpp>

#include "frames.hpp"

using namespace troupe;
using namespace troupe::wire;
using test::altered;
using test::forged;

TEST_CASE("a frame of a kind that this release does not know is unknown, not misread") {
  const auto ping = forged([](auto frame) { frame.setPing(7); });
  CHECK(ping->kind() == frame_kind::ping);
  capnp::MallocMessageBuilder builder;
  builder.initRoot<idl::Frame>().setPing(7);
  const auto frame = copy_to_frame(builder);
  // The union's discriminant is the first number of the struct that changes with the kind.
  int unknown = 0;
  for (std::size_t place = 0; place < frame.words.size(); ++place) {
    std::uint64_t word = 0;
    std::memcpy(&word, &frame.words[place], sizeof word);
    if (word != static_cast<std::uint64_t>(idl::Frame::PING)) continue;
    const auto later = open(altered(frame, place, 4711), frame_limits{});
    REQUIRE(later);
    unknown += (*later)->kind() == frame_kind::unknown ? 1 : 0;
  }
  CHECK(unknown == 1);
}

TEST_CASE("what is no message is an error, not an exception") {
  capnp::MallocMessageBuilder builder;
  builder.initRoot<idl::Frame>().initHello().setName("node-1");
  const auto frame = copy_to_frame(builder);
  for (const std::uint64_t word : {std::uint64_t{0xffffffff}, ~std::uint64_t{0}}) {
    const auto outcome = open(altered(frame, 0, word), frame_limits{});  // the segment table
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == code::invalid_argument);
    CHECK(outcome.error().text.find("a frame that is no message: ") == 0);
  }
  CHECK_FALSE(open(altered(frame, 1, ~std::uint64_t{0}), frame_limits{}));  // the root
  const capnp::word none[1] = {};
  CHECK_FALSE(open({nullptr, std::span(none, 0)}, frame_limits{}));
}
