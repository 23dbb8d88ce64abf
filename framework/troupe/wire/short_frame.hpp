// A frame that is built to be sent at once: `link.send(wire::short_frame(wire::pong{7}), ...)`.
#pragma once

#include <array>

#include <capnp/message.h>

namespace troupe::wire {

/// Of anything that the codec can `write`. What is short needs no allocation.
class short_frame {
 public:
  template <class What>
  explicit short_frame(const What& what)
      : scratch_{}, message_(kj::arrayPtr(scratch_.data(), scratch_.size())) {
    write(message_, what);
  }
  short_frame(const short_frame&) = delete;
  short_frame& operator=(const short_frame&) = delete;

  operator capnp::MessageBuilder&() { return message_; }

 private:
  std::array<capnp::word, 64> scratch_;  // Cap'n Proto wants it zeroed
  capnp::MallocMessageBuilder message_;
};

}  // namespace troupe::wire
