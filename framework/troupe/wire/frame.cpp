#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <string>

#include <capnp/serialize.h>

#include <troupe/wire/frame.hpp>

namespace troupe::wire {

namespace {

constexpr std::size_t slab_bytes = 64 << 10;
// Reading a field again counts again: a handler that looks at its parameters many times is no attack. 8 MiB.
constexpr std::size_t traversal_words_min = 1 << 20;
constexpr std::size_t least_space = 4 << 10;
// A slab that one long frame made larger than this is not kept for the next: a link would hold it for life.
constexpr std::size_t slab_kept_bytes = 1 << 20;

constexpr std::array all_limits = {
    option_of<&frame_limits::words_max>("words_max", between(128, 1 << 29).in("words of 8 bytes"),
                                        "The longest message."),
    option_of<&frame_limits::nesting_max>("nesting_max", between(8, 1024),
                                          "The deepest nesting of structs and lists."),
};
static_assert(covers<frame_limits>(all_limits));

std::uint32_t load_u32(const std::byte* from) {
  std::uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

void store_header(std::byte* to, std::size_t words) {
  const auto length = static_cast<std::uint32_t>(words);
  std::memcpy(to, &length, 4);
  std::memcpy(to + 4, &frame_magic, 4);
}

}  // namespace

option_list<frame_limits> frame_limits::list() { return {"links.frames", all_limits}; }

std::span<std::byte> frame_splitter::space() {
  if (start_ == fill_ && slab_ && slab_.use_count() == 1) {
    // The count says that every frame is gone; the fence makes their last reads happen before our writes.
    std::atomic_thread_fence(std::memory_order_acquire);
    start_ = fill_ = 0;
    if (capacity_ > slab_kept_bytes) slab_ = nullptr;
  }
  const auto pending = fill_ - start_;
  // A long frame is given room for twice what has arrived, so memory follows the sender's bytes.
  const auto wanted = std::min(wanted_, std::max(slab_bytes, 2 * pending));
  if (!slab_ || capacity_ - fill_ < least_space || capacity_ - start_ < wanted) make_room(wanted);
  return {bytes() + fill_, capacity_ - fill_};
}

void frame_splitter::make_room(std::size_t wanted) {
  const auto pending = fill_ - start_;
  const auto capacity = (std::max({slab_bytes, wanted, pending + least_space}) + 7) & ~std::size_t{7};
  auto fresh = std::make_shared_for_overwrite<capnp::word[]>(capacity / sizeof(capnp::word));
  if (pending > 0) std::memcpy(fresh.get(), bytes() + start_, pending);
  slab_ = std::move(fresh);
  capacity_ = capacity;
  start_ = 0;
  fill_ = pending;
}

result<void> frame_splitter::filled(std::size_t size, std::vector<frame>& out) {
  fill_ += size;
  wanted_ = 0;
  while (fill_ - start_ >= header_bytes) {
    const auto* header = bytes() + start_;
    const auto words = load_u32(header);
    if (load_u32(header + 4) != frame_magic)
      return error{code::invalid_argument, "the peer does not speak Troupe's protocol (bad frame header)"};
    if (words == 0 || words > limits_.words_max)
      return error{code::resource_exhausted, "a frame of " + std::to_string(words) +
                                                 " words is over the limit of " +
                                                 std::to_string(limits_.words_max) + " words"};
    const auto total = header_bytes + std::size_t{words} * sizeof(capnp::word);
    if (fill_ - start_ < total) {
      wanted_ = total;
      break;
    }
    const auto* message = slab_.get() + (start_ + header_bytes) / sizeof(capnp::word);
    out.push_back({slab_, {message, words}});
    start_ += total;
  }
  return {};
}

capnp::ReaderOptions reader_options(const frame& what, const frame_limits& limits) {
  return {.traversalLimitInWords = std::max(8 * what.words.size(), traversal_words_min),
          .nestingLimit = limits.nesting_max};
}

std::size_t message_words(capnp::MessageBuilder& message) {
  return capnp::computeSerializedSizeInWords(message);
}

std::size_t frame_bytes(capnp::MessageBuilder& message) {
  return header_bytes + message_words(message) * sizeof(capnp::word);
}

void append_preamble(std::vector<std::byte>& out, capnp::MessageBuilder& message) {
  const auto segments = message.getSegmentsForOutput();
  const auto table_words = segments.size() / 2 + 1;
  std::size_t words = table_words;
  for (const auto& segment : segments) words += segment.size();
  const auto at = out.size();
  out.resize(at + header_bytes + table_words * sizeof(capnp::word));  // zeroed: the table may end in padding
  store_header(out.data() + at, words);
  auto* table = out.data() + at + header_bytes;
  const auto put = [table](std::size_t index, std::size_t value) {
    const auto narrow = static_cast<std::uint32_t>(value);
    std::memcpy(table + index * 4, &narrow, 4);
  };
  put(0, segments.size() - 1);
  for (std::size_t i = 0; i < segments.size(); ++i) put(i + 1, segments[i].size());
}

void append_frame(std::vector<std::byte>& out, capnp::MessageBuilder& message) {
  append_preamble(out, message);
  for (const auto& segment : message.getSegmentsForOutput()) {
    const auto bytes = segment.asBytes();
    const auto* first = reinterpret_cast<const std::byte*>(bytes.begin());
    out.insert(out.end(), first, first + bytes.size());
  }
}

frame copy_to_frame(capnp::MessageBuilder& message) {
  const auto words = capnp::computeSerializedSizeInWords(message);
  auto slab = std::make_shared_for_overwrite<capnp::word[]>(words);
  kj::ArrayOutputStream out(
      kj::arrayPtr(reinterpret_cast<kj::byte*>(slab.get()), words * sizeof(capnp::word)));
  capnp::writeMessage(out, message);
  const capnp::word* data = slab.get();
  return {std::move(slab), {data, words}};
}

}  // namespace troupe::wire
