// The outermost layer of a link: an 8-byte header and one Cap'n Proto message, again and again.
// idl/troupe/call.capnp is the specification.
//
// Bytes are read into reference-counted, 8-byte aligned slabs; frames point into them, so parameters are
// read where the kernel put them. A slab grows only as bytes really arrive: a header that claims a large
// frame costs nothing until its sender has sent one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <capnp/common.h>
#include <capnp/message.h>

#include <troupe/base/option_list.hpp>
#include <troupe/base/result.hpp>

namespace troupe::wire {

/// "TRP1": the second half of every header.
inline constexpr std::uint32_t frame_magic = 0x54525031;
inline constexpr std::size_t header_bytes = 8;

/// What an untrusted sender may make this process do.
struct frame_limits {
  /// Header not included.
  std::uint32_t words_max = 8u << 20;
  /// Cap'n Proto's own default.
  int nesting_max = 64;

  /// What each option is, and its bounds.
  static option_list<frame_limits> list();
};

/// One whole message, kept alive by its slab.
struct frame {
  std::shared_ptr<const capnp::word[]> hold;
  std::span<const capnp::word> words;
};

/// Bytes in, frames out. One for each direction of each link.
class frame_splitter {
 public:
  explicit frame_splitter(const frame_limits& limits) : limits_(limits) {}

  /// Where the next read may put its bytes: at least 4 KiB.
  std::span<std::byte> space();

  /// `size` bytes were put there: appends the frames they complete. Errors: invalid_argument for a header
  /// without the magic, resource_exhausted for a frame over the limit; after an error the link must close.
  result<void> filled(std::size_t size, std::vector<frame>& out);

 private:
  std::byte* bytes() { return reinterpret_cast<std::byte*>(slab_.get()); }
  void make_room(std::size_t wanted);

  frame_limits limits_;
  std::shared_ptr<capnp::word[]> slab_;
  std::size_t capacity_ = 0;  // bytes
  std::size_t start_ = 0;     // first byte not yet given out
  std::size_t fill_ = 0;      // one past the last byte read
  std::size_t wanted_ = 0;    // bytes of the frame that is incomplete, header included; 0: unknown
};

/// The reader options for a frame: the limits, and a traversal bound of eight times what was sent.
capnp::ReaderOptions reader_options(const frame& what, const frame_limits& limits);

/// Size of the message as a frame without its header: what `frame_limits::words_max` bounds.
std::size_t message_words(capnp::MessageBuilder& message);

/// Size of the message as a frame, header included.
std::size_t frame_bytes(capnp::MessageBuilder& message);

/// The frame's header and the message's segment table: what goes before the segments themselves.
void append_preamble(std::vector<std::byte>& out, capnp::MessageBuilder& message);

/// Appends the message as a frame.
void append_frame(std::vector<std::byte>& out, capnp::MessageBuilder& message);

/// The message as a frame of its own: what a link within the process hands over.
frame copy_to_frame(capnp::MessageBuilder& message);

}  // namespace troupe::wire
