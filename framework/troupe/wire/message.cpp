#include <troupe/wire/message.hpp>

namespace troupe::wire {

frame_kind message::kind() const {
  switch (root_.which()) {
    case idl::Frame::HELLO:
      return frame_kind::hello;
    case idl::Frame::WELCOME:
      return frame_kind::welcome;
    case idl::Frame::REFUSAL:
      return frame_kind::refusal;
    case idl::Frame::REQUEST:
      return frame_kind::request;
    case idl::Frame::REPLY:
      return frame_kind::reply;
    case idl::Frame::CANCEL:
      return frame_kind::cancel;
    case idl::Frame::PING:
      return frame_kind::ping;
    case idl::Frame::PONG:
      return frame_kind::pong;
    case idl::Frame::GO_AWAY:
      return frame_kind::go_away;
    case idl::Frame::EXCHANGE:
      return frame_kind::exchange;
    case idl::Frame::LOAD_QUERY:
      return frame_kind::load_query;
    case idl::Frame::LOAD_ANSWER:
      return frame_kind::load_answer;
  }
  return frame_kind::unknown;
}

}  // namespace troupe::wire
