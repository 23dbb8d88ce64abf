// Frames for the tests of the codec: what was written, as the other side reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include <capnp/message.h>
#include <doctest/doctest.h>

#include <troupe/call.capnp.h>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/message.hpp>
#include <troupe/wire/short_frame.hpp>

namespace troupe::wire::test {

inline message_ptr arrived(capnp::MessageBuilder& what) {
  auto read = open(copy_to_frame(what), frame_limits{});
  REQUIRE(read);
  return std::move(*read);
}

/// Of anything that the codec can write.
template <class What>
message_ptr arrived_as(const What& what) {
  short_frame frame(what);
  return arrived(frame);
}

/// What only a stranger writes: `fill` gets the frame's builder.
template <class Fill>
message_ptr forged(Fill&& fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<idl::Frame>());
  return arrived(message);
}

/// The frame with another word at `place`.
inline frame altered(const frame& what, std::size_t place, std::uint64_t word) {
  auto slab = std::make_shared_for_overwrite<capnp::word[]>(what.words.size());
  std::memcpy(slab.get(), what.words.data(), what.words.size_bytes());
  std::memcpy(reinterpret_cast<std::byte*>(slab.get() + place), &word, sizeof word);
  const capnp::word* first = slab.get();
  return {std::move(slab), {first, what.words.size()}};
}

}  // namespace troupe::wire::test
