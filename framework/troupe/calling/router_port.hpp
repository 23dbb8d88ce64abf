// Where stubs hand their calls over to the router's actor, from any thread. Outlives the router: then it
// fails what is submitted.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

#include <troupe/actor/inbox.hpp>
#include <troupe/calling/call_port.hpp>
#include <troupe/calling/outgoing_call.hpp>
#include <troupe/wire/frame.hpp>

namespace troupe::calling {

class router_port final : public call_port {
 public:
  /// What runs at a time, in a turn of `home` (null: on the event loop's thread).
  struct later {
    time_point due;
    std::shared_ptr<actor::turn_queue> home;
    std::function<void()> what;
  };
  using item = std::variant<call_ptr, later, wire::frame>;

  void submit(call_ptr call) override;
  void after(duration wait, std::shared_ptr<actor::turn_queue> home, std::function<void()> what) override;
  bool on_event_loop() const override { return std::this_thread::get_id() == loop_thread_; }
  /// A reply to this node's own request.
  void local_answer(wire::frame answer);

  // --- The router's side, on the event loop's thread ---------------------------------------------------

  /// Before the node has calls: which thread that is, and what wakes the router.
  void belongs_to(std::thread::id loop_thread) { loop_thread_ = loop_thread; }
  void open(std::function<void()> wake) { inbox_.open(std::move(wake)); }
  void take(std::vector<item>& out) { inbox_.take(out); }
  /// What was in comes out; what is submitted from now on fails at once.
  std::vector<item> close() { return inbox_.close(); }

 private:
  actor::inbox<item> inbox_;
  std::thread::id loop_thread_;
};

/// How a call fails that this node's end leaves open.
call_error stopped_failure(const outgoing_call& call);

}  // namespace troupe::calling
