// One call on its way from a stub to the router and back: the request envelope with its parameters in
// place, what the router must know, and, in the end, the answer.
//
// It belongs to the stub until it is submitted, to the router (on the event loop's thread) until it is
// finished, and to the caller from then on.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <capnp/any.h>

#include <troupe/actor/turn_queue.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/calling/call_error.hpp>
#include <troupe/rpc/method_traits.hpp>
#include <troupe/rpc/trace_context.hpp>
#include <troupe/wire/call.hpp>

namespace troupe::calling {

class outgoing_call;
using call_ptr = std::shared_ptr<outgoing_call>;

class outgoing_call final : public actor::returned_call {
 public:
  outgoing_call() = default;
  outgoing_call(const outgoing_call&) = delete;
  outgoing_call& operator=(const outgoing_call&) = delete;

  // --- The stub's half --------------------------------------------------------------------------------

  /// Call once, first. The service's name and `method` must outlive the call: literals or `names`.
  void init(const wire::method_address& to, std::string_view method);
  capnp::AnyPointer::Builder params() { return envelope_.params(); }
  wire::request_envelope& envelope() { return envelope_; }

  std::string_view service;
  std::string_view method;
  std::uint16_t ordinal = 0;     // of the method
  std::string_view policy;       // that the interface declares; empty: none. As `service`
  rpc::method_traits traits;     // the method's, until the caller says otherwise; time runs from submission
  time_point not_after = never;  // the deadline of the handler that makes the call
  std::optional<std::uint64_t> affinity;
  node_id only;
  rpc::trace_context trace;  // that it goes on with; none: it begins one
  std::vector<std::pair<std::string, std::string>> metadata;
  std::shared_ptr<const void> names;  // keeps the texts above alive where they are not literals

  /// Where `done` runs: in a turn of this actor, or, when null, on the event loop's thread.
  std::shared_ptr<actor::turn_queue> home;
  std::function<void(call_ptr)> done;

  // --- The router's half ------------------------------------------------------------------------------

  time_point started{};
  time_point deadline{};

  /// Exactly one of these, once. `finish` then brings the call home.
  void succeed(wire::message_ptr answer, capnp::AnyPointer::Reader results);
  void fail(call_error problem);
  /// What a failure of this call begins with: whose it is.
  call_error failure(code code, std::string text) const;
  static void finish(call_ptr call);
  /// In a turn of `home`: runs `done`.
  void resume(std::shared_ptr<actor::returned_call> self) override;

  // --- The caller's half, after `done` ----------------------------------------------------------------

  const std::unique_ptr<call_error>& problem() const { return problem_; }
  /// Only without a problem. Throws kj::Exception where the peer sent nonsense.
  capnp::AnyPointer::Reader results() const { return results_; }

  /// Blocks until finished. Not in an actor's turn.
  void wait() const;

 private:
  wire::request_envelope envelope_;
  wire::message_ptr answer_;
  capnp::AnyPointer::Reader results_;  // in it
  std::unique_ptr<call_error> problem_;
  std::atomic<bool> finished_{false};
};

}  // namespace troupe::calling
