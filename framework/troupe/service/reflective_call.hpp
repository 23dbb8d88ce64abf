// Calls without generated code: for tools that learn an interface while they run.
#pragma once

#include <memory>
#include <string>

#include <troupe/service/client.hpp>

namespace troupe {

/// A method as a tool knows it.
struct reflective_method {
  std::string service;
  std::string name;
  std::uint64_t interface_id = 0;
  std::uint16_t ordinal = 0;
  rpc::safety safety = rpc::safety::unsafe;
  duration timeout = std::chrono::seconds(1);
  std::string policy;  // empty: none declared
};

class reflective_caller {
 public:
  explicit reflective_caller(std::shared_ptr<calling::call_port> port) : port_(std::move(port)) {}

  /// `build` gets the capnp::AnyPointer::Builder of the parameters; `affinity` is the hash of the key, if
  /// any.
  template <std::invocable<capnp::AnyPointer::Builder> Build>
  call<capnp::AnyPointer> start(const reflective_method& method, std::optional<std::uint64_t> affinity,
                                Build&& build) const {
    auto made = prepare(method);
    made->affinity = affinity;
    build(made->params());
    return call<capnp::AnyPointer>(std::move(made), port_);
  }

 private:
  static calling::call_ptr prepare(const reflective_method& method);

  std::shared_ptr<calling::call_port> port_;
};

}  // namespace troupe
