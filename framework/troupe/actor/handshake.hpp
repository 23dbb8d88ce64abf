// How a calling node introduces itself on a new link, and reads the answer.
#pragma once

#include <string>

#include <capnp/message.h>

#include <troupe/actor/environment.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/result.hpp>
#include <troupe/call.capnp.h>
#include <troupe/transport/link.hpp>

namespace troupe::actor {

/// The first frame on a link.
void send_hello(transport::link& to, const environment& self);

struct welcome {
  identity from;
  std::string name;
};
/// Errors: what the peer refused us for, with its code; invalid_argument for a frame that is neither.
result<welcome> read_welcome(wire::idl::Frame::Reader frame);

}  // namespace troupe::actor
