// An interface as a node describes it, loaded while the command runs: to read its methods, to turn JSON into
// parameters and results into JSON. No generated code.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/schema-loader.h>

#include <troupe/admin.troupe.hpp>
#include <troupe/base/result.hpp>
#include <troupe/service/reflective_call.hpp>

namespace troupe::command {

/// One method, with what its author declared by annotations.
struct method_view {
  reflective_method calling;
  capnp::StructSchema params;
  capnp::StructSchema results;
  /// The declared affinity key, as the path of fields to it; empty where there is none.
  std::vector<std::string> affinity;

  /// "get (user :Text) -> (items :List(Item))".
  std::string signature() const;
};

class interface_view {
 public:
  /// From the answer of Admin.describe. Errors: data_loss, where the schema makes no sense.
  static result<interface_view> load(const std::string& service,
                                     admin::Admin::DescribeResults::Reader described);

  const std::string& service() const { return service_; }
  /// Inherited ones included, own ones first.
  const std::vector<method_view>& methods() const { return methods_; }
  const method_view* find(std::string_view name) const;

 private:
  void add_methods(capnp::InterfaceSchema of, std::vector<std::uint64_t>& seen);

  std::string service_;
  std::unique_ptr<capnp::SchemaLoader> loader_;  // owns what the schemas point to
  std::vector<method_view> methods_;
};

/// "Text", "List(Item)".
std::string type_name(capnp::Type type);
/// "(user :Text, count :UInt32)".
std::string fields_text(capnp::StructSchema of);

/// Fills the parameters by Cap'n Proto's JSON rules (64-bit integers may be texts, Data is a list of bytes).
/// Errors: invalid_argument, naming the field and showing the parameters.
result<void> fill_params(const method_view& method, std::string_view text,
                         capnp::DynamicStruct::Builder params);
/// The hash of the affinity key, if the method has one.
std::optional<std::uint64_t> affinity_key(const method_view& method, capnp::DynamicStruct::Reader params);
/// By the same rules. Errors: data_loss for what JSON cannot say.
result<std::string> to_json_text(capnp::DynamicStruct::Reader results);

}  // namespace troupe::command
