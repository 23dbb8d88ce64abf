// Requests and replies: what stands beside the parameters and the results of a call, as values, and the
// envelopes that they leave in. `Request` and `Reply` of idl/troupe/call.capnp are the specification.
//
// Parameters, results and metadata are never copied: they are built in the envelope that leaves, and read in
// the frame that arrived. A request's envelope is stamped anew for each attempt.
//
// Texts that are read point into the message, and live as long.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <capnp/any.h>
#include <capnp/message.h>

#include <troupe/base/ids.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/rpc/criticality.hpp>
#include <troupe/rpc/load_report.hpp>
#include <troupe/rpc/safety.hpp>
#include <troupe/rpc/trace_context.hpp>
#include <troupe/wire/message.hpp>

namespace troupe::wire {

// --- Requests ------------------------------------------------------------------------------------------

/// Which method of which service is called.
struct method_address {
  std::string_view service;
  std::uint64_t interface_id = 0;  // Cap'n Proto's, of the interface that declares the method
  std::uint16_t ordinal = 0;       // of the method, there

  /// One number for the method, within its service.
  std::uint64_t key() const { return interface_id + ordinal; }
};

/// What each attempt of a call says of itself.
struct attempt_head {
  attempt_id attempt;  // unique on the link
  call_id call;        // the same in every attempt
  std::uint8_t number = 1;
  rpc::criticality criticality = rpc::criticality::normal;
  std::uint32_t bounce_at = 0;  // 0: never; the only thing to say over a link without feature::bouncing
  duration remaining{0};        // read: at most 24 h; written: at least 1 us
};

struct request_head {
  method_address method;
  attempt_head attempt;
  capnp::AnyPointer::Reader params;  // in place: reading them throws kj::Exception where they are nonsense
};

/// A request that is being built.
class request_envelope {
 public:
  request_envelope() : message_(kj::arrayPtr(scratch_.data(), scratch_.size())) {}
  request_envelope(const request_envelope&) = delete;
  request_envelope& operator=(const request_envelope&) = delete;

  /// Once, first.
  void begin(const method_address& to);
  capnp::AnyPointer::Builder params() { return request_.getParams(); }
  /// Once at most.
  void set_metadata(std::span<const std::pair<std::string, std::string>> entries);
  /// As often as there are attempts.
  void stamp(const attempt_head& what, const rpc::trace_context& trace);

  capnp::MessageBuilder& message() { return message_; }

 private:
  // Cap'n Proto wants it zeroed. Parameters of 300 bytes fit, and so does a call into the allocator's cache
  // (1,032 bytes in glibc): beyond it, making and freeing one costs 100 ns more.
  std::array<capnp::word, 54> scratch_{};
  capnp::MallocMessageBuilder message_;
  idl::Request::Builder request_ = nullptr;  // from `begin` on
};

// REQUIRES of all: `from` is a request.

/// Errors: invalid_argument for one that cannot be read.
result<request_head> read_request(const message& from);
/// The same, where what guards the message's opening guards this, too: throws kj::Exception.
request_head head_of(const message& from);
/// The rest is read in place, when it is asked for. Throws kj::Exception where the caller sent nonsense.
rpc::trace_context trace_of(const message& from);
/// The value for `key`; empty where there is none.
std::string_view metadata_of(const message& from, std::string_view key);

// --- Replies -------------------------------------------------------------------------------------------

/// What became of a request that has no results.
enum class ending : std::uint8_t {
  refused,   // no code of the service has seen it: it may go elsewhere
  bounced,   // the same, as it met `attempt_head::bounce_at` others
  executed,  // its handler says so
};

struct failure {
  troupe::code code = code::unknown;  // never ok
  ending how = ending::refused;
  rpc::advice advice = rpc::advice::may_retry;
  std::string_view text;
};

struct reply {
  attempt_id attempt;
  rpc::load_report load;
  std::optional<failure> failed;      // else there are results
  capnp::AnyPointer::Reader results;  // in place: reading them throws kj::Exception where they are nonsense
};

/// A reply that is being built.
class reply_envelope {
 public:
  reply_envelope();
  reply_envelope(const reply_envelope&) = delete;
  reply_envelope& operator=(const reply_envelope&) = delete;

  void answers(attempt_id attempt) { reply_.setAttemptId(attempt.value); }
  capnp::AnyPointer::Builder results() { return reply_.getResults(); }
  /// In place of whatever results there were, which keep their room.
  void fail(const failure& what);
  /// REQUIRES: `fail`.
  void set_advice(rpc::advice advice);
  /// Once at most.
  void set_load(const rpc::load_report& what);
  rpc::load_report load();

  capnp::MessageBuilder& message() { return message_; }

 private:
  // Results of 112 bytes fit, and so does a request with its reply into the allocator's cache, as above.
  std::array<capnp::word, 26> scratch_{};
  capnp::MallocMessageBuilder message_;
  idl::Reply::Builder reply_;
};

/// REQUIRES: `from` is a reply. Errors: invalid_argument for one that cannot be read.
result<reply> read_reply(const message& from);

}  // namespace troupe::wire
