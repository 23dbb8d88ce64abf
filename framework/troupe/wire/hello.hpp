// How two nodes introduce themselves on a new link, and what comes of it: `Hello`, `Welcome` and `Refusal` of
// idl/troupe/call.capnp.
//
// The connecting side says hello; the other side compares it with its own (`agree`) and answers welcome, or
// why not. The connecting side does the same with the welcome. What both then use is what both understand.
//
// Whoever connects is a stranger until its hello is read: every text of it has a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <capnp/message.h>

#include <troupe/base/ids.hpp>
#include <troupe/base/result.hpp>
#include <troupe/wire/features.hpp>
#include <troupe/wire/message.hpp>

namespace troupe::wire {

/// Both sides must speak the same; raised for what no feature can express.
inline constexpr std::uint16_t protocol_version = 2;
/// No honest hello is longer.
inline constexpr std::size_t hello_bytes_max = 4096;

struct hello {
  std::uint16_t version = protocol_version;
  std::string cluster;  // 1 to 64 bytes
  identity from;        // somebody
  std::string name;     // at most 64 bytes
  feature_set features = feature_set::all();
};

struct welcome {
  std::uint16_t version = protocol_version;
  identity from;
  std::string name;
  feature_set features = feature_set::all();
};

struct refusal {
  error why;
};

void write(capnp::MessageBuilder& to, const hello& what);
void write(capnp::MessageBuilder& to, const welcome& what);
void write(capnp::MessageBuilder& to, const refusal& what);

/// Of another version only that is read. Errors: invalid_argument for a frame that is no hello, or is out of
/// its bounds.
result<hello> read_hello(const message& from);
/// Errors: those of a hello; and what the peer refused us for, with its code.
result<welcome> read_welcome(const message& from);

/// What the two sides may use, by the accepting side: `own` is what it would say itself. Errors:
/// failed_precondition for another version; permission_denied for another cluster. The text is for both.
result<feature_set> agree(const hello& caller, const hello& own);
/// The same by the connecting side.
result<feature_set> agree(const welcome& answer, const hello& own);
/// What answers a hello that was agreed with.
welcome welcome_of(const hello& own);

}  // namespace troupe::wire
