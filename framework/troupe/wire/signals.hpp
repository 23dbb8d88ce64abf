// The short frames of a link beside calls: cancels, pings, asking for load, the messages of a sync, and the
// word that a node will stop. idl/troupe/call.capnp is the specification.
//
// Texts and bytes that are read point into the message, and live as long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <capnp/message.h>

#include <troupe/base/ids.hpp>
#include <troupe/base/result.hpp>
#include <troupe/rpc/load_report.hpp>
#include <troupe/wire/message.hpp>
#include <troupe/wire/short_frame.hpp>

namespace troupe::wire {

/// Nobody waits for the attempt's answer any more.
struct cancel {
  attempt_id attempt;
};
struct ping {
  std::uint64_t number = 0;  // comes back in the pong
};
struct pong {
  std::uint64_t number = 0;
};
/// The accepting side will stop.
struct go_away {
  std::string_view why;  // read: cut at 1,024 bytes
};
/// Only over a link with feature::load_queries.
struct load_query {
  std::string_view service;
};
struct load_answer {
  std::string_view service;
  rpc::load_report load;
};
/// A message of a membership sync (wire/gossip.hpp), maybe sealed.
struct exchange {
  std::span<const std::byte> message;
};

void write(capnp::MessageBuilder& to, const cancel& what);
void write(capnp::MessageBuilder& to, const ping& what);
void write(capnp::MessageBuilder& to, const pong& what);
void write(capnp::MessageBuilder& to, const go_away& what);
void write(capnp::MessageBuilder& to, const load_query& what);
void write(capnp::MessageBuilder& to, const load_answer& what);
void write(capnp::MessageBuilder& to, const exchange& what);

// REQUIRES of all: `from` is of this kind. Errors: invalid_argument for one that cannot be read.

cancel read_cancel(const message& from);
ping read_ping(const message& from);
pong read_pong(const message& from);
result<go_away> read_go_away(const message& from);
result<load_query> read_load_query(const message& from);
result<load_answer> read_load_answer(const message& from);
result<exchange> read_exchange(const message& from);

/// A frame for a message of a sync, in one segment however long it is.
class exchange_frame {
 public:
  explicit exchange_frame(std::span<const std::byte> message);

  operator capnp::MessageBuilder&() { return message_; }

 private:
  capnp::MallocMessageBuilder message_;
};

}  // namespace troupe::wire
