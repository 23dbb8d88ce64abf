// What the generator knows about a schema: the service interfaces in it, in C++'s names, checked.
//
// `read_model` does all the looking up and refusing; `emit` only writes text. Whatever cannot become a
// service is in `problems`, one line each, and then nothing may be written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <capnp/schema.capnp.h>

#include <troupe/rpc/method_traits.hpp>

namespace troupe::capnpc {

/// One argument of a method's plain form.
struct argument {
  enum class passing { by_value, text, data };

  std::string name;      // "user", an identifier of its own in the function
  std::string member;    // "User", behind set and init
  std::string cpp_type;  // "std::string_view", "::shop::Color"
  argument::passing passing = passing::by_value;
};

/// One method, where it is declared or inherited.
struct method {
  std::string name;      // "delete"
  std::string cpp_name;  // "delete_"
  std::string title;     // "Delete": its structs are DeleteParams and DeleteResults
  std::uint64_t interface_id = 0;
  std::uint16_t ordinal = 0;
  std::string params;   // "::shop::Cart::DeleteParams"
  std::string results;  // "::shop::Cart::DeleteResults"
  /// No value: only the builder form. Empty: no parameters at all.
  std::optional<std::vector<argument>> plain;
  rpc::method_traits traits;
  /// "getUser()", the way from the parameters' reader to the key; empty where there is none.
  std::string affinity;
};

struct service_interface {
  std::uint64_t id = 0;
  std::string service;     // "shop.Cart"
  std::string cpp_type;    // "::shop::Cart"
  std::string class_base;  // "Cart": its classes are CartService and client<::shop::Cart>
  std::string cpp_class;   // "::shop::CartService"
  std::string policy;      // "consistent_hash"; empty where none is declared
  /// Its own, then its superclasses', depth first, each interface once.
  std::vector<method> methods;
};

struct schema_file {
  std::string path;           // "shop/cart.capnp", as the compiler was given it
  std::string cpp_namespace;  // "shop"; empty for the global one
  std::vector<service_interface> interfaces;
};

struct model {
  std::vector<schema_file> files;
  /// "cart.capnp: Cart.add(user): what is wrong; what to do", in the order of the schema.
  std::vector<std::string> problems;
};

/// Reads what the schema compiler sends to its plugins. Throws kj::Exception where that is not a valid
/// schema.
model read_model(capnp::schema::CodeGeneratorRequest::Reader request);

}  // namespace troupe::capnpc
