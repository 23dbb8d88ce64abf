// What a handler knows about the call that it answers.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>

#include <troupe/base/time.hpp>
#include <troupe/calling/call_port.hpp>
#include <troupe/rpc/trace_context.hpp>
#include <troupe/service/application_error.hpp>
#include <troupe/service/resumption.hpp>
#include <troupe/service/task.hpp>
#include <troupe/serving/incoming_request.hpp>

namespace troupe {

using rpc::trace_context;

/// Lives as long as the handler's task. Not to be kept beyond it.
class context {
 public:
  /// `port` must outlive it.
  context(serving::request_ptr request, const std::shared_ptr<calling::call_port>& port);

  /// Time left until the caller gives up; negative when it has. Calls made with this context inherit it.
  duration remaining() const;
  time_point deadline() const { return request_->deadline(); }
  /// True once nobody waits for the answer any more. Worth a look in long handlers.
  bool cancelled() const { return request_->cancelled(); }

  /// How much it matters. Calls made with this context are as critical, unless their method says otherwise.
  rpc::criticality criticality() const { return request_->criticality(); }
  /// 1 for the first attempt of the call.
  unsigned attempt() const { return request_->number(); }
  /// Names the call in the whole cluster, the same in each of its attempts; `troupe explain` takes it.
  std::string call_id() const;
  /// The calling node: "shop-1".
  const std::string& caller() const { return request_->caller_name(); }
  trace_context trace() const;
  /// The metadata value for `key`; empty where there is none.
  std::string_view metadata(std::string_view key) const;

  /// Answers with an error: `co_return ctx.fail(charge.error());`. The last one counts.
  void fail(code code, std::string_view text);
  void fail(const error& problem) { fail(problem.code, problem.text); }
  /// Of a call that this handler made: advice not to retry goes up to its own caller. A template, so that
  /// `fail({code, text})` means the one above.
  template <std::same_as<call_error> Problem>
  void fail(const Problem& problem) {
    request_->fail(problem.code, problem.text, serving::incoming_request::executed::yes, problem.advice);
  }

  /// Answers with an error, and with the word that nothing was done: the caller's router may go to another
  /// replica, also with a method that is not safe.
  void refuse(code code, std::string_view text);

  /// `co_await ctx.sleep(20ms)`: other turns of the actor go on meanwhile.
  auto sleep(duration time) const {
    struct awaiter : internal::resumable<> {
      awaiter(calling::call_port& where, duration how_long) : port(where), time(how_long) {}
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> handler) {
        cell_->suspend(handler);
        port.after(time, actor::turn_queue::current(), [cell = cell_] { cell->resume(); });
      }
      void await_resume() const noexcept {}

      calling::call_port& port;
      duration time;
    };
    return awaiter(*port_, time);
  }

  // For the host and for stubs.
  serving::incoming_request& request() const { return *request_; }
  const std::shared_ptr<calling::call_port>& port() const { return port_; }

 private:
  serving::request_ptr request_;
  const std::shared_ptr<calling::call_port>& port_;
};

}  // namespace troupe
