// Calls without generated code: for tools and gateways that learn an interface while they run.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <capnp/any.h>
#include <capnp/dynamic.h>

#include <troupe/rpc/method_traits.hpp>
#include <troupe/service/client.hpp>

namespace troupe::reflection {

struct method_view;

/// A method as a call needs it.
struct method {
  std::string service;
  std::string name;
  std::uint64_t interface_id = 0;
  std::uint16_t ordinal = 0;
  rpc::method_traits traits;
  std::string policy;  // that the interface declares; empty: none
};

class caller {
 public:
  explicit caller(std::shared_ptr<calling::call_port> port) : port_(std::move(port)) {}

  /// A call with these parameters, as a generated stub would make it: with every trait that is declared, and
  /// to the replica that the affinity key prefers.
  call<capnp::AnyPointer> start(const method_view& called, capnp::DynamicStruct::Reader params) const;

  /// `build` gets the capnp::AnyPointer::Builder of the parameters; `affinity` is the hash of the key, if
  /// any.
  template <std::invocable<capnp::AnyPointer::Builder> Build>
  call<capnp::AnyPointer> start(const method& called, std::optional<std::uint64_t> affinity,
                                Build&& build) const {
    auto made = prepare(called);
    made->affinity = affinity;
    build(made->params());
    return {std::move(made), port_};
  }

 private:
  static calling::call_ptr prepare(const method& called);

  std::shared_ptr<calling::call_port> port_;
};

}  // namespace troupe::reflection
