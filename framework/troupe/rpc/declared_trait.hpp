// The annotations that declare a method's traits, one entry each: how it is read, shown, and spelled in C++.
// One table for the schema compiler's plugin, for calls by reflection, and for `troupe describe`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <troupe/base/result.hpp>
#include <troupe/rpc/method_traits.hpp>

namespace troupe::rpc {

/// What an annotation says: a Bool, an integer or the number of an enumerant, a Text.
using annotation_value = std::variant<bool, std::int64_t, std::string_view>;

struct declared_trait {
  std::string_view name;     // of the annotation ($Troupe.safety) and of the member of method_traits
  std::uint64_t annotation;  // its id in idl/troupe/annotations.capnp
  /// Errors: invalid_argument, and then `into` is as it was.
  result<void> (*read)(const annotation_value& said, method_traits& into);
  /// For people: "readOnly", "300 ms"; "-" where nothing is said and there is no default.
  std::string (*text)(const method_traits& of);
  /// As generated code says it: "::troupe::rpc::safety::read_only".
  std::string (*expression)(const method_traits& of);
};

/// Every one of them, in the order of the members of method_traits.
std::span<const declared_trait> declared_traits();

}  // namespace troupe::rpc
