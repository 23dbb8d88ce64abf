#include "model.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <troupe/balance/policy.hpp>
#include <troupe/rpc/declared_trait.hpp>
#include <troupe/wire/annotations.hpp>

#include "capabilities.hpp"
#include "names.hpp"

namespace troupe::capnpc {

namespace {

using wire::known_annotation;

// `-> stream` is this struct of /capnp/stream.capnp.
constexpr std::uint64_t stream_result_id = 0x995f9a3377c0b16eULL;

constexpr std::size_t service_name_limit = 128;

// Names that the generated classes need for themselves.
constexpr std::array<std::string_view, 5> taken_methods = {"client", "descriptor", "dispatch", "interface",
                                                           "start"};
constexpr std::array<std::string_view, 5> taken_arguments = {"client", "ctx", "descriptor", "params",
                                                             "start"};

template <class Names>
std::string identifier(const std::string& name, const Names& taken) {
  const bool clashes = std::find(taken.begin(), taken.end(), name) != taken.end();
  return clashes ? name + "_" : safe_identifier(name);
}

bool is_service_name(std::string_view text) {
  return !text.empty() && text.size() <= service_name_limit &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '_' || c == '-';
         });
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// What a type is called in a message, with its article.
std::string_view describe(schema::Type::Reader type) {
  switch (type.which()) {
    case schema::Type::VOID:
      return "Void";
    case schema::Type::FLOAT32:
    case schema::Type::FLOAT64:
      return "a floating point number";
    case schema::Type::LIST:
      return "a list";
    case schema::Type::STRUCT:
      return "a struct";
    case schema::Type::INTERFACE:
      return "a capability";
    case schema::Type::ANY_POINTER:
      return "a pointer of any type";
    default:
      return "of another type";
  }
}

bool can_be_key(schema::Type::Reader type) {
  switch (type.which()) {
    case schema::Type::VOID:
    case schema::Type::FLOAT32:
    case schema::Type::FLOAT64:
    case schema::Type::LIST:
    case schema::Type::STRUCT:
    case schema::Type::INTERFACE:
    case schema::Type::ANY_POINTER:
      return false;
    default:
      return true;
  }
}

// One method's place: what its problems are reported against.
struct declaration {
  std::uint64_t file = 0;
  std::string path;  // "Cart.add"

  std::string parameter(std::string_view name) const { return path + "(" + std::string(name) + ")"; }
  std::string result(std::string_view name) const { return path + " -> (" + std::string(name) + ")"; }
};

class schema_reader {
 public:
  explicit schema_reader(schema::CodeGeneratorRequest::Reader request) : names_(loader_) {
    for (const auto node : request.getNodes()) loader_.load(node);
    for (const auto node : request.getNodes())
      if (node.isInterface() && has(node.getAnnotations(), wire::service_annotation.id))
        for (const auto id : lineage(node.getId())) served_.insert(id);
    for (const auto file : request.getRequestedFiles()) read_file(file);
  }

  model take() { return std::move(answer_); }

 private:
  static bool has(wire::annotation_list all, std::uint64_t id) {
    return wire::find_annotation(all, id).has_value();
  }

  // Once, however many ways lead to the same declaration.
  void report(std::uint64_t file, const std::string& where, const std::string& what) {
    auto line = std::string(names_.node(file).getDisplayName().cStr()) + ": " + where + ": " + what;
    if (reported_.insert(line).second) answer_.problems.push_back(std::move(line));
  }

  // The interface, then its superclasses, depth first, each once.
  std::vector<std::uint64_t> lineage(std::uint64_t id) const {
    std::vector<std::uint64_t> answer;
    append_lineage(id, answer);
    return answer;
  }

  void append_lineage(std::uint64_t id, std::vector<std::uint64_t>& answer) const {
    if (std::find(answer.begin(), answer.end(), id) != answer.end()) return;
    answer.push_back(id);
    for (const auto super : names_.node(id).getInterface().getSuperclasses())
      append_lineage(super.getId(), answer);
  }

  void read_file(schema::CodeGeneratorRequest::RequestedFile::Reader file) {
    schema_file& out = answer_.files.emplace_back();
    out.path = file.getFilename().cStr();
    out.cpp_namespace = names_.cpp_namespace(file.getId());
    read_nested(file.getId(), out);
  }

  void read_nested(std::uint64_t scope, schema_file& out) {
    for (const auto nested : names_.node(scope).getNestedNodes()) {
      const auto node = names_.node(nested.getId());
      if (node.isInterface()) read_interface(node, out);
      if (node.isInterface() || node.isStruct()) read_nested(nested.getId(), out);
    }
  }

  void read_interface(schema::Node::Reader node, schema_file& out) {
    const auto id = node.getId();
    const declaration self{names_.file_of(id), names_.path(id)};
    if (!has(node.getAnnotations(), wire::service_annotation.id)) return check_unserved(node, self);
    const auto line_up = lineage(id);
    bool generic = false;
    for (const auto one : line_up) {
      if (!names_.node(one).getIsGeneric()) continue;
      generic = true;
      report(self.file, self.path,
             one == id ? "a generic interface cannot be a service; write one interface for each type"
                       : "it inherits " + names_.path(one) +
                             ", a generic interface, which cannot be a service; declare its methods here");
    }
    if (generic) return;

    service_interface made;
    made.id = id;
    made.cpp_type = names_.qualified(id);
    made.class_base = names_.joined(id);
    made.cpp_class = names_.qualified(self.file) + "::" + made.class_base + "Service";
    made.service = read_service_name(node, self);
    made.policy = read_policy(node, self);
    check_class_name(made, self);
    for (const auto one : line_up) read_methods(one, made);
    check_method_names(made, self);
    out.interfaces.push_back(std::move(made));
  }

  std::string read_service_name(schema::Node::Reader node, const declaration& self) {
    check_repeated(node.getAnnotations(), wire::service_annotation, self);
    const auto said = wire::text_annotation(node.getAnnotations(), wire::service_annotation.id);
    std::string name(said.value_or(""));
    if (!is_service_name(name))
      report(self.file, self.path,
             "$Troupe.service: " + quoted(name) +
                 " is not a service name; write 1 to 128 characters of A-Z a-z 0-9 . _ -");
    const auto [first, fresh] = services_.emplace(name, self.path);
    if (!fresh)
      report(self.file, self.path,
             "$Troupe.service: " + quoted(name) + " is the name of " + first->second +
                 " already; give each interface a name of its own");
    return name;
  }

  std::string read_policy(schema::Node::Reader node, const declaration& self) {
    check_repeated(node.getAnnotations(), wire::policy_annotation, self);
    const auto said = wire::text_annotation(node.getAnnotations(), wire::policy_annotation.id);
    if (!said) return "";
    std::string name(*said);
    if (const auto kind = balance::parse_policy_kind(name); !kind)
      report(self.file, self.path, "$Troupe.policy: " + kind.error().text);
    return name;
  }

  // CartService goes into the namespace of the file, where other names are.
  void check_class_name(const service_interface& made, const declaration& self) {
    const auto generated = made.class_base + "Service";
    for (const auto nested : names_.node(self.file).getNestedNodes())
      if (names_.unqualified(nested.getId()) == generated)
        report(self.file, self.path,
               "its generated class " + generated + " would have the name of " + names_.path(nested.getId()) +
                   "; rename one of them with $Cxx.name");
    const auto space = names_.cpp_namespace(self.file);
    const auto [first, fresh] = classes_.emplace(space + "::" + generated, self.path);
    if (!fresh)
      report(self.file, self.path,
             "its generated class " + generated + " would have the name of that of " + first->second +
                 "; rename one of them with $Cxx.name");
  }

  void check_method_names(const service_interface& made, const declaration& self) {
    std::map<std::string, const method*> by_title;
    for (const auto& one : made.methods) {
      const auto [first, fresh] = by_title.emplace(one.title, &one);
      if (fresh) continue;
      const auto path = [this](const method& which) {
        return names_.path(which.interface_id) + "." + which.name;
      };
      report(self.file, self.path,
             path(*first->second) + " and " + path(one) +
                 " have the same name in C++; rename one of them with $Cxx.name");
    }
  }

  // Annotations that would silently mean nothing.
  void check_unserved(schema::Node::Reader node, const declaration& self) {
    const auto useless = [&](std::string_view annotation, const std::string& where) {
      report(self.file, where,
             "$Troupe." + std::string(annotation) + " has no effect, as " + self.path +
                 " is no service; give it a name with $Troupe.service, or remove the annotation");
    };
    if (has(node.getAnnotations(), wire::policy_annotation.id))
      useless(wire::policy_annotation.name, self.path);
    if (served_.contains(node.getId())) return;
    const auto check = [&](wire::annotation_list annotations, const std::string& where) {
      for (const auto& trait : rpc::declared_traits())
        if (has(annotations, trait.annotation)) useless(trait.name, where);
    };
    check(node.getAnnotations(), self.path);
    for (const auto method : node.getInterface().getMethods())
      check(method.getAnnotations(), self.path + "." + method.getName().cStr());
  }

  void check_repeated(wire::annotation_list all, known_annotation what, const declaration& where) {
    if (wire::is_repeated(all, what.id))
      report(where.file, where.path, "$Troupe." + std::string(what.name) + " is said twice; say it once");
  }

  void read_methods(std::uint64_t owner, service_interface& made) {
    const auto file = names_.file_of(owner);
    const auto node = names_.node(owner);
    // By itself too, as it may have no method left that it counts for.
    for (const auto& problem : wire::read_traits(node.getAnnotations(), {}).problems_of_interface)
      report(file, names_.path(owner), problem);
    std::uint16_t ordinal = 0;
    for (const auto proto : node.getInterface().getMethods())
      read_method(node, proto, ordinal++, {file, names_.path(owner) + "." + proto.getName().cStr()}, made);
  }

  void read_method(schema::Node::Reader owner, schema::Method::Reader proto, std::uint16_t ordinal,
                   const declaration& self, service_interface& made) {
    if (!is_callable(proto, self)) return;
    method one;
    one.name = proto.getName().cStr();
    one.cpp_name = identifier(member_name(proto), taken_methods);
    one.title = title_case(member_name(proto));
    one.interface_id = owner.getId();
    one.ordinal = ordinal;
    one.params = struct_type(proto.getParamStructType(), owner.getId(), one.title + "Params");
    one.results = struct_type(proto.getResultStructType(), owner.getId(), one.title + "Results");
    one.plain = read_plain(names_.node(proto.getParamStructType()));
    one.affinity = read_affinity(proto, self);
    const auto declared = wire::read_traits(owner.getAnnotations(), proto.getAnnotations());
    for (const auto& problem : declared.problems_of_method) report(self.file, self.path, problem);
    one.traits = declared.traits;
    made.methods.push_back(std::move(one));
  }

  // An implicit struct has no scope of its own: capnpc-c++ puts it into the interface.
  std::string struct_type(std::uint64_t id, std::uint64_t owner, const std::string& implicit) const {
    return names_.node(id).getScopeId() == 0 ? names_.qualified(owner) + "::" + implicit
                                             : names_.qualified(id);
  }

  // Whether Troupe can carry such a method at all.
  bool is_callable(schema::Method::Reader proto, const declaration& self) {
    if (proto.getImplicitParameters().size() > 0) {
      report(self.file, self.path,
             "a generic method cannot be called remotely; write one method for each type");
      return false;
    }
    bool callable = true;
    if (proto.getResultStructType() == stream_result_id) {
      report(self.file, self.path, "streaming is not supported; return a result, such as -> ()");
      callable = false;
    }
    const auto params = names_.node(proto.getParamStructType());
    const auto results = names_.node(proto.getResultStructType());
    for (const auto side : {params, results})
      if (side.getIsGeneric()) {
        report(self.file, self.path,
               names_.path(side.getId()) + " is generic; wrap it in a parameter list, such as (value :" +
                   names_.path(side.getId()) + "(Text))");
        callable = false;
      }
    for (const auto field : params.getStruct().getFields())
      check_capabilities(field, self.file, self.parameter(field.getName().cStr()));
    for (const auto field : results.getStruct().getFields())
      check_capabilities(field, self.file, self.result(field.getName().cStr()));
    return callable;
  }

  void check_capabilities(schema::Field::Reader field, std::uint64_t file, const std::string& where) {
    const auto found = capability_search(names_).in_field(field, field.getName().cStr());
    if (found)
      report(file, where,
             "a capability cannot be sent (" + *found + "); send the name of a service or an id instead");
  }

  std::optional<std::vector<argument>> read_plain(schema::Node::Reader params) const {
    if (params.getScopeId() != 0) return std::nullopt;
    std::vector<argument> answer;
    for (const auto field : params.getStruct().getFields()) {
      if (!field.isSlot()) return std::nullopt;
      const auto type = field.getSlot().getType();
      if (type.isVoid()) continue;
      argument one;
      one.name = identifier(member_name(field), taken_arguments);
      one.member = title_case(member_name(field));
      one.cpp_type = argument_type(type);
      if (one.cpp_type.empty()) return std::nullopt;
      if (type.isText()) one.passing = argument::passing::text;
      if (type.isData()) one.passing = argument::passing::data;
      answer.push_back(std::move(one));
    }
    return answer;
  }

  // Empty for what can only be built in place.
  std::string argument_type(schema::Type::Reader type) const {
    switch (type.which()) {
      case schema::Type::BOOL:
        return "bool";
      case schema::Type::INT8:
        return "std::int8_t";
      case schema::Type::INT16:
        return "std::int16_t";
      case schema::Type::INT32:
        return "std::int32_t";
      case schema::Type::INT64:
        return "std::int64_t";
      case schema::Type::UINT8:
        return "std::uint8_t";
      case schema::Type::UINT16:
        return "std::uint16_t";
      case schema::Type::UINT32:
        return "std::uint32_t";
      case schema::Type::UINT64:
        return "std::uint64_t";
      case schema::Type::FLOAT32:
        return "float";
      case schema::Type::FLOAT64:
        return "double";
      case schema::Type::TEXT:
        return "std::string_view";
      case schema::Type::DATA:
        return "std::span<const std::byte>";
      case schema::Type::ENUM: {
        const auto id = type.getEnum().getTypeId();
        return names_.node(id).getIsGeneric() ? "" : names_.qualified(id);
      }
      default:
        return "";
    }
  }

  // The fields' getters in generated code: "getOwner().getId()".
  static std::string getters_of(const wire::marked_field& marked) {
    std::string text;
    for (const auto field : marked.path)
      text += (text.empty() ? "get" : ".get") + title_case(member_name(field.getProto())) + "()";
    return text;
  }

  std::string read_affinity(schema::Method::Reader proto, const declaration& self) {
    const auto results = loader_.get(proto.getResultStructType()).asStruct();
    // A named struct may be another method's parameters, so a key in it is no mistake.
    if (results.getProto().getScopeId() == 0)
      for (const auto& one : wire::marked_fields(results))
        report(self.file, self.result(one.name()),
               "a result cannot be the affinity key; mark a parameter, which is known before the call");
    const auto marked = wire::marked_fields(loader_.get(proto.getParamStructType()).asStruct());
    for (const auto& one : marked) {
      const auto type = one.path.back().getProto().getSlot().getType();
      if (!can_be_key(type))
        report(self.file, self.parameter(one.name()),
               "it is " + std::string(describe(type)) +
                   " and cannot be the affinity key; mark an integer, Bool, enum, Text or Data");
      else if (one.in_union)
        report(self.file, self.parameter(one.name()),
               "it is in a union and cannot be the affinity key; mark a field that is always there");
      if (&one != &marked.front())
        report(self.file, self.parameter(one.name()),
               "it is a second affinity key, after " + marked.front().name() + "; mark one a method");
    }
    return marked.empty() ? "" : getters_of(marked.front());
  }

  capnp::SchemaLoader loader_;
  node_names names_;
  std::set<std::uint64_t> served_;               // interfaces whose methods some service has
  std::map<std::string, std::string> services_;  // name -> who has it
  std::map<std::string, std::string> classes_;
  std::set<std::string> reported_;
  model answer_;
};

}  // namespace

model read_model(schema::CodeGeneratorRequest::Reader request) { return schema_reader(request).take(); }

}  // namespace troupe::capnpc
