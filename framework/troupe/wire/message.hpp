// A frame that is being read: its bytes, the reader that keeps to the limits, and its root.
//
// Made once a frame and handed on with it, as checking a message and finding its root is a tenth of what a
// small call costs.
#pragma once

#include <cstddef>
#include <memory>

#include <capnp/serialize.h>

#include <troupe/call.capnp.h>
#include <troupe/wire/frame.hpp>

namespace troupe::wire {

class message {
 public:
  /// Throws kj::Exception where the frame makes no sense: construct inside wire::guarded.
  message(frame what, const frame_limits& limits)
      : frame_(std::move(what)),
        reader_(kj::arrayPtr(frame_.words.data(), frame_.words.size()), reader_options(frame_, limits)),
        root_(reader_.getRoot<idl::Frame>()) {}
  message(const message&) = delete;
  message& operator=(const message&) = delete;

  idl::Frame::Reader root() const { return root_; }
  std::size_t bytes() const { return frame_.words.size_bytes(); }

 private:
  frame frame_;
  capnp::FlatArrayMessageReader reader_;
  idl::Frame::Reader root_;
};
using message_ptr = std::unique_ptr<message>;

}  // namespace troupe::wire
