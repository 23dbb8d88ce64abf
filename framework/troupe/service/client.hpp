// The base of every generated client stub, the call that a stub's method returns, and its response.
//
//   auto reply = cart.get("ann").within(250ms).wait();        // anywhere but in an actor
//   auto reply = co_await cart.get(ctx, "ann");               // in a handler: deadline and trace go along
//   cart.get("ann").then([](auto reply) { ... });             // in the actor's turn, or on the event loop
#pragma once

#include <concepts>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <capnp/any.h>

#include <troupe/calling/call_port.hpp>
#include <troupe/calling/outgoing_call.hpp>
#include <troupe/service/application_error.hpp>
#include <troupe/service/context.hpp>
#include <troupe/service/interface.hpp>
#include <troupe/service/task.hpp>
#include <troupe/wire/catching_kj.hpp>

namespace troupe {

/// The results of a call, or why there are none. Keeps the message alive that the results are read from.
template <class Results>
class [[nodiscard]] response {
 public:
  using reader = typename Results::Reader;

  explicit response(calling::call_ptr call) : call_(std::move(call)) {
    if (call_->problem()) return;
    const auto read = wire::catching_kj("the results cannot be read", [this] {
      if constexpr (std::is_same_v<Results, capnp::AnyPointer>)
        results_ = call_->results();
      else
        results_ = call_->results().template getAs<Results>();
    });
    if (!read) {
      call_error problem;
      problem.code = code::data_loss;
      problem.text = read.error().text;
      call_->fail(std::move(problem));
    }
  }

  explicit operator bool() const { return !call_->problem(); }

  /// Only where there are results.
  const reader* operator->() const { return TROUPE_INVARIANT(*this), &results_; }
  const reader& operator*() const { return TROUPE_INVARIANT(*this), results_; }
  /// The results, or call_failed thrown.
  const reader& value() const {
    if (call_->problem()) throw call_failed(*call_->problem());
    return results_;
  }
  /// Only where there are none.
  const call_error& error() const { return TROUPE_INVARIANT(call_->problem()), *call_->problem(); }

 private:
  calling::call_ptr call_;
  reader results_{};
};

/// A call that has not been made yet: `wait`, `then` or `co_await` makes it, once.
template <class Results>
class [[nodiscard("a call is made by wait(), then() or co_await")]] call {
 public:
  call(calling::call_ptr what, std::shared_ptr<calling::call_port> port)
      : call_(std::move(what)), port_(std::move(port)) {}

  /// How long it may take in all, attempts included: up to 24 h. A handler's deadline still holds.
  call&& within(duration limit)&& {
    call_->traits.timeout = limit;
    return std::move(*this);
  }
  /// Only this node may answer.
  call&& on(node_id node)&& {
    call_->only = node;
    return std::move(*this);
  }
  /// How much it matters, whatever the IDL says.
  call&& as(criticality value)&& {
    call_->traits.criticality = value;
    return std::move(*this);
  }
  /// Travels to the handler as metadata.
  call&& with(std::string key, std::string value)&& {
    call_->metadata.emplace_back(std::move(key), std::move(value));
    return std::move(*this);
  }

  /// Blocks until the answer or the deadline. In an actor's turn and on the event loop, where blocking
  /// would stop others, it is refused as FAILED_PRECONDITION at once.
  response<Results> wait()&& {
    if (actor::turn_queue::current() || port_->on_event_loop()) {
      auto problem = call_->failure(code::failed_precondition, "wait() would block an actor's thread");
      problem.hint = "co_await the call, or give it a continuation with then()";
      call_->fail(std::move(problem));
      return response<Results>(std::move(call_));
    }
    port_->submit(call_);
    call_->wait();
    return response<Results>(std::move(call_));
  }

  /// Makes the call; `next` gets the response, in a turn of the calling actor, or on the event loop's thread
  /// (where it must not block) when called from outside of actors. Of a call that is made there after the
  /// node has stopped, `next` is never run.
  template <std::invocable<response<Results>> Next>
  void then(Next next)&& {
    call_->home = actor::turn_queue::current();
    call_->done = [next = std::move(next)](calling::call_ptr ended) mutable {
      next(response<Results>(std::move(ended)));
    };
    port_->submit(std::move(call_));
  }

  auto operator co_await()&& {
    struct awaiter {
      awaiter(calling::call_ptr what, std::shared_ptr<calling::call_port> where)
          : awaited(std::move(what)), port(std::move(where)) {}
      awaiter(awaiter&&) = delete;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> handler) {
        awaited->home = actor::turn_queue::current();
        awaited->done = [handler](const calling::call_ptr&) { handler.resume(); };
        suspended = true;
        const auto keep = port;  // the frame, and with it this awaiter, may be gone before submit returns
        keep->submit(awaited);
      }
      response<Results> await_resume() {
        suspended = false;
        return response<Results>(std::move(awaited));
      }
      // A handler that is destroyed while it waits: its actor's own turn, so nobody else reads `done` now.
      ~awaiter() {
        if (suspended) awaited->done = nullptr;
      }

      calling::call_ptr awaited;
      std::shared_ptr<calling::call_port> port;
      bool suspended = false;
    };
    return awaiter(std::move(call_), std::move(port_));
  }

 private:
  calling::call_ptr call_;
  std::shared_ptr<calling::call_port> port_;
};

/// What fills a parameter struct in place: `cart.add([&](auto params) { params.setUser("ann"); })`.
template <class Build, class Params>
concept params_builder = std::invocable<Build, typename Params::Builder>;

class client_base {
 public:
  /// `service` is the name to call; empty is the IDL's.
  explicit client_base(std::shared_ptr<calling::call_port> port, std::string service = {})
      : port_(std::move(port)),
        service_(service.empty() ? nullptr : std::make_shared<const std::string>(std::move(service))) {}

 protected:
  template <class Params, class Results, class Build>
  call<Results> start(const interface_descriptor& interface, const method_descriptor& method,
                      const context* ctx, Build&& build) const {
    auto made = std::make_shared<calling::outgoing_call>();
    prepare(*made, interface, method, ctx);
    auto params = made->params();
    build(params.initAs<Params>());
    if (method.affinity != nullptr) made->affinity = method.affinity(params.asReader());
    return call<Results>(std::move(made), port_);
  }

 private:
  void prepare(calling::outgoing_call& made, const interface_descriptor& interface,
               const method_descriptor& method, const context* ctx) const;

  std::shared_ptr<calling::call_port> port_;
  std::shared_ptr<const std::string> service_;  // shared with the calls, which may outlive the stub
};

/// The generated stub of an interface: `troupe::client<shop::Cart>`.
template <class Interface>
class client;

// For generated code.

inline void assign(capnp::Text::Builder to, std::string_view from) {
  if (!from.empty()) std::memcpy(to.begin(), from.data(), from.size());
}
inline void assign(capnp::Data::Builder to, std::span<const std::byte> from) {
  if (!from.empty()) std::memcpy(to.begin(), from.data(), from.size());
}
/// Cap'n Proto's own limit on a text or a list of bytes is 512 MiB; beyond it the invariant breaks.
inline capnp::uint checked_size(std::size_t size) {
  TROUPE_INVARIANT(size < (1u << 29));
  return static_cast<capnp::uint>(size);
}

}  // namespace troupe
