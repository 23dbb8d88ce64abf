// What the annotations of idl/troupe/annotations.capnp say in a schema, as values. The only reader of them:
// the schema compiler's plugin and calls by reflection stand on it, so they cannot come apart.
//
// Readers here throw no exception of their own; a message that makes no sense throws kj::Exception, as
// everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <capnp/schema.capnp.h>
#include <capnp/schema.h>

#include <troupe/rpc/method_traits.hpp>

namespace troupe::wire {

using annotation_list = capnp::List<capnp::schema::Annotation>::Reader;

/// An annotation of an interface or of a field. Those of methods are rpc::declared_traits().
struct known_annotation {
  std::string_view name;  // "policy", as in $Troupe.policy
  std::uint64_t id;
};
inline constexpr known_annotation service_annotation{"service", 0xd9eb6aa6f10dbf6b};
inline constexpr known_annotation policy_annotation{"policy", 0xb5d3e9a1c7f40862};
inline constexpr known_annotation affinity_annotation{"affinityKey", 0xc7e1f5a90b3d2846};

/// The first of that id; none where there is none.
std::optional<capnp::schema::Value::Reader> find_annotation(annotation_list in, std::uint64_t id);
/// Its text; none where it is not there or is no text. A view of the schema.
std::optional<std::string_view> text_annotation(annotation_list in, std::uint64_t id);
/// More often than once?
bool is_repeated(annotation_list in, std::uint64_t id);

/// The traits that a method's own annotations declare, else those of the interface that declares it, else the
/// defaults. What is wrong leaves the next of these.
struct declaration_of_traits {
  rpc::method_traits traits;
  /// Whole sentences that begin with the annotation's name, by where it is said.
  std::vector<std::string> problems_of_interface;
  std::vector<std::string> problems_of_method;
};
declaration_of_traits read_traits(annotation_list of_interface, annotation_list of_method);

/// A field that is marked as the affinity key, inside groups too.
struct marked_field {
  std::vector<capnp::StructSchema::Field> path;  // the groups that it is in, then itself; never empty
  bool in_union = false;                         // it, or a group that it is in

  /// "owner.id"
  std::string name() const;
};
/// Those of a parameter struct. More than one is one too many; the first one counts.
std::vector<marked_field> marked_fields(capnp::StructSchema in);

}  // namespace troupe::wire
