// A frame that is being read: its bytes, the reader that keeps to the limits, and its root.
//
// Made once a frame and handed on with it, as checking a message and finding its root is a tenth of what a
// small call costs. What a frame says is read by the codec of its kind: hello.hpp, call.hpp, signals.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <capnp/serialize.h>

#include <troupe/base/result.hpp>
#include <troupe/call.capnp.h>
#include <troupe/wire/catching_kj.hpp>
#include <troupe/wire/frame.hpp>

namespace troupe::wire {

enum class frame_kind : std::uint8_t {
  hello,
  welcome,
  refusal,
  request,
  reply,
  cancel,
  ping,
  pong,
  go_away,
  exchange,
  load_query,
  load_answer,
  unknown,  // of a later release
};

class message {
 public:
  /// Throws kj::Exception where the frame makes no sense: see `open`.
  message(frame what, const frame_limits& limits)
      : frame_(std::move(what)),
        reader_(kj::arrayPtr(frame_.words.data(), frame_.words.size()), reader_options(frame_, limits)),
        root_(reader_.getRoot<idl::Frame>()) {}
  message(const message&) = delete;
  message& operator=(const message&) = delete;

  frame_kind kind() const;
  std::size_t bytes() const { return frame_.words.size_bytes(); }
  /// For the codec.
  idl::Frame::Reader root() const { return root_; }

 private:
  frame frame_;
  capnp::FlatArrayMessageReader reader_;
  idl::Frame::Reader root_;
};
using message_ptr = std::unique_ptr<message>;

/// The frame as a Holder: a `message`, or what has one and makes it of the first two arguments of its
/// constructor. Errors: invalid_argument for a frame that is no message.
template <class Holder = message, class... More>
result<std::unique_ptr<Holder>> open(frame what, const frame_limits& limits, More&&... more) {
  std::unique_ptr<Holder> made;
  const auto read = catching_kj("a frame that is no message", [&] {
    made = std::make_unique<Holder>(std::move(what), limits, std::forward<More>(more)...);
  });
  if (!read) return read.error();
  return made;
}

}  // namespace troupe::wire
