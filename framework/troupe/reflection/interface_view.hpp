// An interface as a node describes it, loaded while the program runs: its methods, with what their author
// declared. No generated code.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <capnp/dynamic.h>
#include <capnp/schema-loader.h>
#include <capnp/schema.capnp.h>
#include <capnp/schema.h>

#include <troupe/base/result.hpp>
#include <troupe/reflection/caller.hpp>

namespace troupe::reflection {

struct method_view {
  method facts;
  capnp::StructSchema params;
  capnp::StructSchema results;
  /// The declared affinity key: the groups that it is in, then itself; empty where there is none.
  std::vector<capnp::StructSchema::Field> affinity;

  /// "get (user :Text) -> (items :List(Item))".
  std::string signature() const;
};

class interface_view {
 public:
  /// From the nodes that schema_nodes collected, as they came over the wire. Errors: data_loss, where they
  /// make no sense.
  static result<interface_view> load(const std::string& service, std::uint64_t interface_id,
                                     capnp::List<capnp::schema::Node>::Reader nodes);

  const std::string& service() const { return service_; }
  /// By which callers choose a replica, where nobody says otherwise; empty where none is declared.
  const std::string& policy() const { return policy_; }
  /// Inherited ones included, own ones first. They live as long as this view, moved or not.
  const std::vector<method_view>& methods() const { return methods_; }
  const method_view* find(std::string_view name) const;

 private:
  void add_methods(capnp::InterfaceSchema of, std::vector<std::uint64_t>& seen);

  std::string service_;
  std::string policy_;
  std::unique_ptr<capnp::SchemaLoader> loader_;  // owns what the schemas point to
  std::vector<method_view> methods_;
};

/// The hash of the affinity key, as the generated stub makes it; none where the method has no key.
std::optional<std::uint64_t> affinity_key(const method_view& called, capnp::DynamicStruct::Reader params);

/// "user", "owner.id"; empty where the method has no key.
std::string affinity_name(const method_view& called);

}  // namespace troupe::reflection
