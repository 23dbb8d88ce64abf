// One call on its way from a stub to the router and back: the request envelope with its parameters in
// place, what the router must know, and, in the end, the answer.
//
// It belongs to the stub until it is submitted, to the router (on the event loop's thread) until it is
// finished, and to the caller from then on.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <capnp/message.h>

#include <troupe/actor/turn_queue.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/call.capnp.h>
#include <troupe/calling/call_error.hpp>
#include <troupe/rpc/safety.hpp>
#include <troupe/wire/guarded.hpp>
#include <troupe/wire/message.hpp>

namespace troupe::calling {

class outgoing_call;
using call_ptr = std::shared_ptr<outgoing_call>;

class outgoing_call final : public actor::returned_call {
 public:
  outgoing_call() : envelope_(kj::arrayPtr(scratch_.data(), scratch_.size())) {}
  outgoing_call(const outgoing_call&) = delete;
  outgoing_call& operator=(const outgoing_call&) = delete;

  // --- The stub's half --------------------------------------------------------------------------------

  /// Call once, first. `service` and `method` must outlive the call: literals or `names`.
  wire::idl::Request::Builder init(std::string_view service, std::string_view method);
  wire::idl::Request::Builder request() { return envelope_.getRoot<wire::idl::Frame>().getRequest(); }
  capnp::MessageBuilder& envelope() { return envelope_; }

  std::string_view service;
  std::string_view method;
  std::string_view policy;  // that the interface declares; empty: none. As `service`
  rpc::safety safety = rpc::safety::unsafe;
  rpc::hedging hedge = rpc::hedging::off;
  duration timeout = std::chrono::seconds(1);  // from submission
  time_point not_after = never;                // the deadline of the handler that makes the call
  std::optional<std::uint64_t> affinity;
  node_id only;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::shared_ptr<const void> names;  // keeps the texts above alive where they are not literals

  /// Where `done` runs: in a turn of this actor, or, when null, on the event loop's thread.
  std::shared_ptr<actor::turn_queue> home;
  std::function<void(call_ptr)> done;

  // --- The router's half ------------------------------------------------------------------------------

  time_point started{};
  time_point deadline{};

  /// Exactly one of these, once. `finish` then brings the call home.
  void succeed(wire::message_ptr answer);
  void fail(call_error problem);
  /// What a failure of this call begins with: whose it is.
  call_error failure(code code, std::string text) const;
  static void finish(call_ptr call);
  /// In a turn of `home`: runs `done`.
  void resume(std::shared_ptr<actor::returned_call> self) override;

  // --- The caller's half, after `done` ----------------------------------------------------------------

  const std::unique_ptr<call_error>& problem() const { return problem_; }
  /// Only without a problem. Throws kj::Exception where the peer sent nonsense.
  capnp::AnyPointer::Reader results() const { return answer_->root().getReply().getResults(); }

  /// Blocks until finished. Not in an actor's turn.
  void wait() const;

 private:
  // Cap'n Proto wants it zeroed. Requests of 250 bytes fit, and so does this object into the allocator's
  // cache (1032 bytes in glibc): beyond it, making and freeing one costs 100 ns more.
  std::array<capnp::word, 60> scratch_{};
  capnp::MallocMessageBuilder envelope_;
  wire::message_ptr answer_;
  std::unique_ptr<call_error> problem_;
  std::atomic<bool> finished_{false};
};

}  // namespace troupe::calling
