// Looks for capabilities in what a method takes or gives. A capability is a reference to an object in one
// process; Troupe sends values between replicas that come and go, so there is nothing that it could refer to.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "names.hpp"

namespace troupe::capnpc {

/// Where the first capability is that a value of one type can hold: "Item.callback is of the interface type
/// Callback", or nothing. Recursive types end.
class capability_search {
 public:
  explicit capability_search(const node_names& names) : names_(&names) {}

  /// `what` names the value of that type in the answer.
  std::optional<std::string> in_type(schema::Type::Reader type, const std::string& what);
  std::optional<std::string> in_field(schema::Field::Reader field, const std::string& what);

 private:
  std::optional<std::string> in_struct(std::uint64_t id);
  std::optional<std::string> in_brand(schema::Brand::Reader brand, const std::string& what);

  const node_names* names_;
  std::set<std::uint64_t> visited_;
};

}  // namespace troupe::capnpc
