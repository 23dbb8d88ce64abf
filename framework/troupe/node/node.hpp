// A node: one process's part of a cluster, or one of several in a process. The facade of the framework.
//
//   int main(int argc, char** argv) {
//     return troupe::run(argc, argv, [](troupe::node& node) { node.host<cart_service>(); });
//   }
//
//   auto node = troupe::node::join("127.0.0.1:7000");
//   auto reply = node.client<shop::Cart>().get("ann").wait();
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <troupe/balance/policy.hpp>
#include <troupe/membership/core.hpp>
#include <troupe/node/options.hpp>
#include <troupe/reflection/caller.hpp>
#include <troupe/routing/recent_calls.hpp>
#include <troupe/routing/service_options.hpp>
#include <troupe/service/client.hpp>
#include <troupe/service/coroutine_host.hpp>
#include <troupe/service/service.hpp>
#include <troupe/serving/hosting.hpp>

namespace troupe {

/// Why a node or a service could not be started: a sentence that says what to do.
class start_error : public std::runtime_error {
 public:
  explicit start_error(const error& problem) : std::runtime_error(problem.text), code_(problem.code) {}
  troupe::code code() const { return code_; }

 private:
  troupe::code code_;
};

/// The members that ask the node something (`host`, `members`, `joined`, `explain...`, `set_policy`,
/// `use_policy`) wait for its actors: they are refused with FAILED_PRECONDITION, or a start_error, in an
/// actor's turn and on the event loop. No member may be called while `stop` runs; stubs may.
class node {
 public:
  class body;

  /// Starts the node: it listens, and looks for its seeds in the background. Throws start_error.
  explicit node(node_options options = {});
  node(node&&) noexcept;
  /// Stops, if `stop` was not called: see there.
  ~node();

  /// Starts a node that joins through `seed`, and waits until it has. Throws start_error where nobody answers
  /// within 5 s.
  static node join(const std::string& seed, node_options options = {});

  /// Serves `Service`, which derives from a generated base, from now on. It is constructed from `arguments`
  /// (by copy) in its actor's own context, now and after each time its actor dies. Throws start_error where a
  /// service of that name is hosted here already, or where its construction throws.
  template <class Service, class... Arguments>
  void host(const hosting& how, Arguments... arguments) {
    host_made(Service::descriptor(), how, [packed = std::make_tuple(std::move(arguments)...)] {
      return std::apply(
          [](const auto&... each) -> std::unique_ptr<service> { return std::make_unique<Service>(each...); },
          packed);
    });
  }
  template <class Service>
  void host() {
    host<Service>(hosting{});
  }

  /// A stub for the interface. Cheap to copy; works until the node stops, and fails calls afterwards.
  template <class Interface>
  troupe::client<Interface> client() const {
    return troupe::client<Interface>(port());
  }
  /// The same, for replicas that are hosted under another name than the IDL's: see hosting::as.
  template <class Interface>
  troupe::client<Interface> client(std::string service) const {
    return troupe::client<Interface>(port(), std::move(service));
  }
  /// Calls without generated code.
  reflection::caller reflective() const { return reflection::caller(port()); }

  /// Tells the cluster that everything is hosted: `troupe up` waits for it. `run` does it.
  void ready();

  /// Everyone this node knows, itself included, as of now.
  std::vector<membership::member> members() const;
  /// True once a seed has answered, or when there are none.
  bool joined() const;

  // How this node chooses among a service's replicas from now on, whatever options and IDL say.

  /// `weights` of the score's terms; those left out stay as they are. Errors: invalid_argument.
  result<void> set_policy(std::string_view service, balance::policy_kind kind,
                          std::vector<routing::weight_setting> weights = {});
  /// By a policy of your own. It is used, and ends, on the event loop's thread, where nothing may block.
  result<void> use_policy(std::string_view service, std::unique_ptr<balance::policy> own);
  template <class Interface>
  result<void> use_policy(std::unique_ptr<balance::policy> own) {
    return use_policy(troupe::client<Interface>::descriptor().service, std::move(own));
  }

  /// How this node's router sees the replicas of a service: each one's terms, score, share and state.
  result<balance::explanation> explain(std::string_view service) const;
  /// A recent call that this node made: who got each attempt, why, and what came of it. `name` as errors
  /// (call_error::call) and handlers (context::call_id) have it. Errors: not_found where it was not kept;
  /// invalid_argument.
  result<routing::recent_call> explain_call(std::string_view name) const;

  const std::string& name() const;
  const std::string& cluster() const;
  const endpoint& address() const;
  identity self() const;
  /// What the command line held that was no option.
  const std::vector<std::string>& arguments() const;

  /// Takes no new requests, waits for those under way (up to options::drain_limit), leaves the cluster, ends
  /// every service and every thread. Once; not from an actor's turn. Gives the number of requests that were
  /// still under way at the limit.
  std::size_t stop();
  /// `what` must not block (to stop the node, have another thread call `stop`). It is told, from some thread
  /// of the node's, when the node should end: its name was taken by another process, or somebody asked it to
  /// by its admin service.
  void when_asked_to_stop(const std::function<void(const std::string& why)>& what);

 private:
  friend class program_run;

  void host_made(const interface_descriptor& interface, const hosting& how,
                 std::function<std::unique_ptr<service>()> make);
  std::shared_ptr<calling::call_port> port() const;

  std::unique_ptr<body> body_;
};

/// What a program's main is: reads the command line (--help lists the options), starts a node, lets `setup`
/// host services, serves until SIGTERM or SIGINT, drains, and returns the exit code: 0 after a clean end, 1
/// where starting failed (with one line on stderr), 2 for a command line that makes no sense.
///
/// `own` are the program's options: they have their values when `setup` is called. A program that declares
/// none may read node::arguments; options that it does not look at are an error, too.
int run(int argc, char** argv, const std::function<void(node&)>& setup);
int run(int argc, char** argv, const node_options& defaults, const std::function<void(node&)>& setup);
int run(int argc, char** argv, program_options& own, const std::function<void(node&)>& setup);
int run(int argc, char** argv, program_options& own, const node_options& defaults,
        const std::function<void(node&)>& setup);

}  // namespace troupe
