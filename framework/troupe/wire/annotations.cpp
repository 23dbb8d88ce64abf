#include <algorithm>
#include <utility>

#include <troupe/rpc/declared_trait.hpp>
#include <troupe/wire/annotations.hpp>

namespace troupe::wire {

namespace {

namespace schema = capnp::schema;

std::string_view view_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

/// None for a kind that no annotation of a method has.
std::optional<rpc::annotation_value> value_of(schema::Value::Reader said) {
  switch (said.which()) {
    case schema::Value::BOOL:
      return said.getBool();
    case schema::Value::ENUM:
      return std::int64_t{said.getEnum()};
    case schema::Value::INT8:
      return std::int64_t{said.getInt8()};
    case schema::Value::INT16:
      return std::int64_t{said.getInt16()};
    case schema::Value::INT32:
      return std::int64_t{said.getInt32()};
    case schema::Value::INT64:
      return said.getInt64();
    case schema::Value::UINT8:
      return std::int64_t{said.getUint8()};
    case schema::Value::UINT16:
      return std::int64_t{said.getUint16()};
    case schema::Value::UINT32:
      return std::int64_t{said.getUint32()};
    case schema::Value::TEXT:
      return view_of(said.getText());
    default:
      return std::nullopt;
  }
}

std::string named(std::string_view annotation) { return "$Troupe." + std::string(annotation); }

/// Reads one list over what is there already.
void read_over(annotation_list all, rpc::method_traits& into, std::vector<std::string>& problems) {
  for (const auto& trait : rpc::declared_traits()) {
    const auto said = find_annotation(all, trait.annotation);
    if (!said) continue;
    if (is_repeated(all, trait.annotation))
      problems.push_back(named(trait.name) + " is said twice; say it once");
    const auto value = value_of(*said);
    const auto read = value ? trait.read(*value, into)
                            : error{code::invalid_argument, "no annotation of a method says such a value"};
    if (!read) problems.push_back(named(trait.name) + ": " + read.error().text);
  }
}

void collect_marked(capnp::StructSchema in, const marked_field& outer, std::vector<marked_field>& all) {
  for (const auto field : in.getFields()) {
    const auto proto = field.getProto();
    auto one = outer;
    one.path.push_back(field);
    one.in_union |= proto.getDiscriminantValue() != schema::Field::NO_DISCRIMINANT;
    if (proto.isGroup())
      collect_marked(field.getType().asStruct(), one, all);
    else if (find_annotation(proto.getAnnotations(), affinity_annotation.id))
      all.push_back(std::move(one));
  }
}

}  // namespace

std::optional<schema::Value::Reader> find_annotation(annotation_list in, std::uint64_t id) {
  for (const auto one : in)
    if (one.getId() == id) return one.getValue();
  return std::nullopt;
}

std::optional<std::string_view> text_annotation(annotation_list in, std::uint64_t id) {
  const auto said = find_annotation(in, id);
  if (!said || !said->isText()) return std::nullopt;
  return view_of(said->getText());
}

bool is_repeated(annotation_list in, std::uint64_t id) {
  return std::count_if(in.begin(), in.end(), [id](const auto one) { return one.getId() == id; }) > 1;
}

declaration_of_traits read_traits(annotation_list of_interface, annotation_list of_method) {
  declaration_of_traits made;
  read_over(of_interface, made.traits, made.problems_of_interface);
  read_over(of_method, made.traits, made.problems_of_method);
  if (const auto sound = rpc::validate(made.traits); !sound)
    made.problems_of_method.push_back(sound.error().text);
  return made;
}

std::string marked_field::name() const {
  std::string text;
  for (const auto field : path) {
    if (!text.empty()) text += ".";
    text += field.getProto().getName().cStr();
  }
  return text;
}

std::vector<marked_field> marked_fields(capnp::StructSchema in) {
  std::vector<marked_field> all;
  collect_marked(in, {}, all);
  return all;
}

}  // namespace troupe::wire
