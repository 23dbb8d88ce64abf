// What generated code says about an interface: its name, its methods, and what its author declared.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <capnp/any.h>
#include <capnp/schema.h>

#include <troupe/rpc/method_traits.hpp>

namespace troupe {

using rpc::criticality;
using rpc::hedging;

/// One method, inherited ones included. Lives in static storage of the generated code.
struct method_descriptor {
  std::uint64_t interface_id = 0;  // of the interface that declares it
  std::uint16_t ordinal = 0;
  std::string_view name;  // "get"
  rpc::method_traits traits;
  /// The hash of the affinity key in a parameter struct; null where no key is declared.
  std::uint64_t (*affinity)(capnp::AnyPointer::Reader params) = nullptr;
};

/// One interface with a `$Troupe.service` annotation. Lives in static storage of the generated code.
struct interface_descriptor {
  std::uint64_t id = 0;
  std::string_view service;  // "shop.Cart"
  std::span<const method_descriptor> methods;
  capnp::InterfaceSchema (*schema)() = nullptr;
  std::string_view policy;  // by which callers choose a replica, where nobody says otherwise; empty: theirs

  const method_descriptor* find(std::uint64_t interface_id, std::uint16_t ordinal) const {
    for (const auto& method : methods)
      if (method.interface_id == interface_id && method.ordinal == ordinal) return &method;
    return nullptr;
  }
};

}  // namespace troupe
