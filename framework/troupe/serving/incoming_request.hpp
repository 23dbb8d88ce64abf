// One request on its way through this node: the frame it came in, the reply being built, and the times
// that the load report is made of.
//
// It is owned by exactly one place at a time: the server's read path, the service's turn queue, the
// handler's task, and the server's outbox again. Wherever it is dropped on the way, it goes back to the
// server, which answers: no call is ever left without an answer.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <capnp/message.h>

#include <troupe/actor/inbox.hpp>
#include <troupe/actor/turn_queue.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/call.capnp.h>
#include <troupe/rpc/criticality.hpp>
#include <troupe/rpc/safety.hpp>
#include <troupe/serving/locked_service_meter.hpp>
#include <troupe/serving/occupancy.hpp>
#include <troupe/wire/message.hpp>

namespace troupe::serving {

class incoming_request;
/// Not deleted where it is dropped, but handed back to the server.
using request_ptr = std::unique_ptr<incoming_request, actor::hand_back>;

/// Where answers go: straight to the server where its own thread brings them, so that a service on the event
/// loop costs no lock and no further turn; through its inbox from other threads.
class outbox {
 public:
  using item = std::unique_ptr<incoming_request>;

  /// On the server's thread, before the first request. `taken` may be called in any actor's turn there.
  void open(std::function<void()> wake, std::function<void(item)> taken);
  /// Dropped when closed: the node is gone, its links are closed, and its callers know by that.
  void put(item answered);
  void take(std::vector<item>& out) { others_.take(out); }
  /// On the server's thread.
  void close();

 private:
  std::thread::id home_;
  std::function<void(item)> taken_;
  actor::inbox<item> others_;
};

/// Which link a request came by. 0 is the caller in this very process.
using link_number = std::uint64_t;

struct hosted_service;

class incoming_request final : public actor::queued_request {
 public:
  /// Any frame that came in: most are requests, and reading one once is what makes this the place to ask
  /// what it is. Throws kj::Exception where it makes no sense: construct inside wire::guarded.
  incoming_request(wire::frame what, const wire::frame_limits& limits, time_point now);
  incoming_request(const incoming_request&) = delete;
  incoming_request& operator=(const incoming_request&) = delete;

  // --- What the caller said ---------------------------------------------------------------------------

  wire::idl::Frame::Reader root() const { return message_.root(); }
  // The rest is only for a frame that is a request.
  wire::idl::Request::Reader request() const { return request_; }
  attempt_id attempt() const { return attempt_; }
  time_point arrived() const { return arrived_; }
  time_point deadline() const { return deadline_; }
  const identity& caller() const { return caller_; }
  const std::string& caller_name() const { return *caller_name_; }
  rpc::criticality criticality() const { return criticality_; }
  rpc::attempt_kind kind() const { return kind_; }
  /// True once nobody waits for the answer any more: the caller said so, or its link is gone.
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  /// Back to the server, from wherever it is dropped; with an error where nobody answered it.
  void hand_back() noexcept override;

  // --- The answer -------------------------------------------------------------------------------------

  enum class executed : bool { no, yes };

  capnp::AnyPointer::Builder results() { return reply_.getResults(); }
  /// Replaces whatever results there were.
  void fail(code code, std::string_view text, executed was, rpc::advice advice = rpc::advice::may_retry);
  /// Refused for overload.
  void turn_away();
  /// How many may be there already for it to be let in at all; 0: any number.
  std::uint32_t bounce_at() const { return request_.getBounceAt(); }
  /// It met so many.
  void bounce();
  /// At its turn, on the service's thread: turned away after all, for those that matter more.
  bool gives_way() {
    if (crowd_ == nullptr || crowd_->may_stay(criticality_, kind_)) return false;
    gave_way_ = true;
    turn_away();
    return true;
  }
  bool failed() const { return outcome_ == outcome::failed; }
  /// The handler gets its first turn, and it is done: in time order over all requests of one service, for the
  /// load report.
  void begin_execution(time_point now);
  void complete(time_point now);

 private:
  friend class server;
  enum class outcome : std::uint8_t { open, succeeded, failed };

  wire::message message_;
  wire::idl::Request::Reader request_;
  attempt_id attempt_;
  time_point arrived_;
  time_point deadline_;
  time_point execution_began_{};
  time_point completed_{};
  std::atomic<bool> cancelled_{false};
  outcome outcome_ = outcome::open;
  executed executed_ = executed::no;
  rpc::criticality criticality_;
  rpc::attempt_kind kind_;
  bool turned_away_ = false;
  bool gave_way_ = false;
  bool admitted_ = false;

  // Replies of 80 bytes fit, and this object fits into the allocator's cache, as in outgoing_call.hpp.
  std::array<capnp::word, 28> scratch_{};
  capnp::MallocMessageBuilder envelope_;
  wire::idl::Reply::Builder reply_;

  // Written by the server, on the event loop's thread, before the request leaves it.
  identity caller_;
  std::shared_ptr<const std::string> caller_name_;
  link_number link_ = 0;
  hosted_service* service_ = nullptr;
  occupancy* crowd_ = nullptr;             // of the service, which outlives its requests
  locked_service_meter* times_ = nullptr;  // the same
  std::shared_ptr<outbox> home_;
  incoming_request* previous_ = nullptr;  // the link's list of requests under way, for cancellation
  incoming_request* next_ = nullptr;
};

}  // namespace troupe::serving
