#include <algorithm>

#include <kj/exception.h>

#include <troupe/reflection/interface_view.hpp>
#include <troupe/reflection/schema_text.hpp>
#include <troupe/service/affinity.hpp>
#include <troupe/wire/annotations.hpp>

namespace troupe::reflection {

std::string method_view::signature() const {
  return facts.name + " " + fields_text(params) + " -> " + fields_text(results);
}

result<interface_view> interface_view::load(const std::string& service, std::uint64_t interface_id,
                                            capnp::List<capnp::schema::Node>::Reader nodes) {
  interface_view made;
  made.service_ = service;
  made.loader_ = std::make_unique<capnp::SchemaLoader>();
  try {
    for (const auto node : nodes) made.loader_->load(node);
    const auto interface = made.loader_->get(interface_id).asInterface();
    // The service's own, also for the methods that it inherits.
    made.policy_ =
        wire::text_annotation(interface.getProto().getAnnotations(), wire::policy_annotation.id).value_or("");
    std::vector<std::uint64_t> seen;
    made.add_methods(interface, seen);
  } catch (const kj::Exception& problem) {
    return error{code::data_loss,
                 "the schema of " + service + " cannot be read: " + problem.getDescription().cStr()};
  }
  return made;
}

void interface_view::add_methods(capnp::InterfaceSchema of, std::vector<std::uint64_t>& seen) {
  const auto declaring = of.getProto();
  if (std::find(seen.begin(), seen.end(), declaring.getId()) != seen.end()) return;
  seen.push_back(declaring.getId());
  for (const auto declared : of.getMethods()) {
    const auto proto = declared.getProto();
    method_view one;
    one.facts.service = service_;
    one.facts.name = proto.getName().cStr();
    one.facts.interface_id = declaring.getId();
    one.facts.ordinal = declared.getOrdinal();
    // What makes no sense to this program, as a newer one wrote it, counts as not said.
    one.facts.traits = wire::read_traits(declaring.getAnnotations(), proto.getAnnotations()).traits;
    one.facts.policy = policy_;
    one.params = declared.getParamType();
    one.results = declared.getResultType();
    if (auto marked = wire::marked_fields(one.params); !marked.empty())
      one.affinity = std::move(marked.front().path);
    methods_.push_back(std::move(one));
  }
  for (const auto super : of.getSuperclasses()) add_methods(super, seen);
}

const method_view* interface_view::find(std::string_view name) const {
  for (const auto& one : methods_)
    if (one.facts.name == name) return &one;
  return nullptr;
}

std::optional<std::uint64_t> affinity_key(const method_view& called, capnp::DynamicStruct::Reader params) {
  if (called.affinity.empty()) return std::nullopt;
  auto inside = params;
  for (std::size_t i = 0; i + 1 < called.affinity.size(); ++i)
    inside = inside.get(called.affinity[i]).as<capnp::DynamicStruct>();
  const auto value = inside.get(called.affinity.back());
  switch (value.getType()) {
    case capnp::DynamicValue::BOOL:
      return affinity_of(value.as<bool>());
    case capnp::DynamicValue::INT:
      return affinity_of(value.as<std::int64_t>());
    case capnp::DynamicValue::UINT:
      return affinity_of(value.as<std::uint64_t>());
    case capnp::DynamicValue::ENUM:
      return affinity_of(value.as<capnp::DynamicEnum>().getRaw());
    case capnp::DynamicValue::TEXT:
      return affinity_of(value.as<capnp::Text>());
    case capnp::DynamicValue::DATA:
      return affinity_of(value.as<capnp::Data>());
    default:
      return std::nullopt;
  }
}

std::string affinity_name(const method_view& called) { return wire::marked_field{called.affinity}.name(); }

}  // namespace troupe::reflection
