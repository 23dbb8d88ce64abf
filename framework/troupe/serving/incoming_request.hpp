// One request on its way through this node: the frame it came in, the reply being built, and the times
// that the load report is made of.
//
// It is owned by exactly one place at a time: the server's read path, the service's turn queue, the
// handler's task, and the server's outbox again. Wherever it is dropped on the way, it goes back to the
// server, which answers: no call is ever left without an answer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <capnp/message.h>

#include <troupe/actor/turn_queue.hpp>
#include <troupe/admission/ruling.hpp>
#include <troupe/admission/waiting_line.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/rpc/criticality.hpp>
#include <troupe/rpc/safety.hpp>
#include <troupe/serving/service_gauges.hpp>
#include <troupe/wire/call.hpp>
#include <troupe/wire/message.hpp>

namespace troupe::serving {

class incoming_request;
class outbox;
struct caller;
struct hosted_service;

/// Not deleted where it is dropped, but handed back to the server.
using request_ptr = std::unique_ptr<incoming_request, actor::hand_back>;

/// A node that sends requests.
struct sender {
  identity self;
  std::string name;
};

/// What the server notes of a request while it is under way. Read and written on the event loop's thread
/// alone.
struct request_notes {
  caller* from = nullptr;                // null once its link is gone
  hosted_service* service = nullptr;     // null where that is not served here
  incoming_request* previous = nullptr;  // of the same caller (request_list.hpp)
  incoming_request* next = nullptr;
};

class incoming_request final : public actor::queued_request {
 public:
  /// Any frame that came in: most are requests, and opening one once is what makes this the place to ask
  /// what it is. Throws kj::Exception where it, or its head, makes no sense: made by wire::open.
  incoming_request(wire::frame what, const wire::frame_limits& limits, time_point now);
  incoming_request(const incoming_request&) = delete;
  incoming_request& operator=(const incoming_request&) = delete;

  // --- What the caller said ---------------------------------------------------------------------------

  const wire::message& message() const { return message_; }
  std::size_t bytes() const { return message_.bytes(); }
  time_point arrived() const { return arrived_; }
  // REQUIRES of all that follows: it is a request.
  const wire::method_address& method() const { return head_.method; }
  capnp::AnyPointer::Reader params() const { return head_.params; }
  attempt_id attempt() const { return head_.attempt.attempt; }
  call_id call() const { return head_.attempt.call; }
  /// 1 for the first of its call.
  unsigned number() const { return head_.attempt.number; }
  time_point deadline() const { return arrived_ + head_.attempt.remaining; }
  rpc::criticality criticality() const { return head_.attempt.criticality; }
  rpc::attempt_kind kind() const {
    return number() > 1 ? rpc::attempt_kind::further : rpc::attempt_kind::first;
  }
  /// As it asks to be let in.
  admission::request asking() const {
    return {.criticality = criticality(),
            .attempt = kind(),
            .bounce_at = head_.attempt.bounce_at,
            .bytes = bytes()};
  }
  /// REQUIRES: `came_from`.
  const identity& caller() const { return sender_->self; }
  const std::string& caller_name() const { return sender_->name; }
  /// True once nobody waits for the answer any more: the caller said so, or its link is gone.
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  // --- On the way: from the server's thread to the service's, and back --------------------------------

  /// By the server, before the request leaves it.
  void came_from(std::shared_ptr<const sender> who) { sender_ = std::move(who); }
  /// By the server: it was let in. From here on it is never lost, but goes `home`. `gauges` outlive it.
  void let_in(service_gauges& gauges, std::shared_ptr<outbox> home);
  bool was_let_in() const { return gauges_ != nullptr; }
  /// By the server, at any time.
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  /// As it waits for its first turn.
  admission::waiting waiting() const {
    return {
        .method = method().key(), .criticality = criticality(), .arrived = arrived_, .deadline = deadline()};
  }
  /// At its turn, on the service's thread: whether its execution begins. If not it has its answer: it is too
  /// late for it, nobody waits for it any more, or it gives way to those that matter more.
  bool take_turn(const admission::turn& what, time_point now);
  /// It is done. As its turn: in time order over all requests of one service, for the load report.
  void complete(time_point now);
  /// Back to the server, from wherever it is dropped; with an error where nobody answered it.
  void hand_back() noexcept override;

  request_notes notes;  // the server's

  // --- The answer -------------------------------------------------------------------------------------

  enum class executed : bool { no, yes };

  capnp::AnyPointer::Builder results() { return reply_.results(); }
  /// Replaces whatever results there were.
  void fail(code code, std::string_view text, executed was, rpc::advice advice = rpc::advice::may_retry);
  /// Not let in.
  void refuse(admission::refusal why);
  /// Not let in: it met more others than it wanted to.
  void bounce();

  bool failed() const { return outcome_ == outcome::failed; }
  /// Refused for overload, on its arrival or at its turn.
  bool turned_away() const { return turned_away_; }
  /// It ran out of time before its turn, or was about to. `allowed`: how much it had when it came.
  bool has_expired() const { return expired_; }
  duration allowed() const { return head_.attempt.remaining; }
  /// How it ended. REQUIRES: it was let in, and has come back.
  admission::ending ending() const;
  /// Whether it was executed to its end; then this is how long that took.
  bool was_completed() const { return completed_ != time_point{}; }
  duration execution() const { return completed_ - execution_began_; }
  time_point completed() const { return completed_; }

  wire::reply_envelope& reply() { return reply_; }

 private:
  enum class outcome : std::uint8_t { open, succeeded, failed };

  void expire();
  bool gives_way(const admission::turn& what);

  wire::message message_;
  wire::request_head head_;
  time_point arrived_;
  time_point execution_began_{};
  time_point completed_{};
  std::atomic<bool> cancelled_{false};
  outcome outcome_ = outcome::open;
  executed executed_ = executed::no;
  bool turned_away_ = false;
  bool gave_way_ = false;
  bool expired_ = false;
  std::shared_ptr<const sender> sender_;
  service_gauges* gauges_ = nullptr;  // of the service that let it in
  std::shared_ptr<outbox> home_;      // the same

  wire::reply_envelope reply_;
};

// What glibc keeps ready, thread by thread: beyond it, making and freeing one costs 100 ns more.
static_assert(sizeof(incoming_request) <= 1032);

}  // namespace troupe::serving
