// Annotations in a schema become values: the one reader of them.
#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

#include <capnp/message.h>
#include <doctest/doctest.h>

#include <troupe/annotations.capnp.h>
#include <troupe/rpc/declared_trait.hpp>
#include <troupe/wire/annotations.hpp>

using namespace troupe;
using namespace troupe::wire;

namespace {

namespace schema = capnp::schema;

/// The annotations of one declaration.
class said {
 public:
  explicit said(unsigned count = 0) : all_(message_.initRoot<schema::Node>().initAnnotations(count)) {}

  schema::Value::Builder at(unsigned index, std::string_view trait) {
    for (const auto& one : rpc::declared_traits())
      if (one.name == trait) all_[index].setId(one.annotation);
    return all_[index].initValue();
  }
  void policy(unsigned index, const char* name) {
    all_[index].setId(policy_annotation.id);
    all_[index].initValue().setText(name);
  }
  annotation_list list() const { return all_.asReader(); }

 private:
  capnp::MallocMessageBuilder message_;
  capnp::List<schema::Annotation>::Builder all_;
};

/// Every annotation of the schema by its name, with its id.
std::map<std::string, std::uint64_t> declared_annotations() {
  std::ifstream schema(TROUPE_IDL "/annotations.capnp");
  REQUIRE(schema);
  std::map<std::string, std::uint64_t> ids;
  std::string word, name, id;
  while (schema >> word)
    if (word == "annotation" && schema >> name >> id && id.starts_with("@0x"))
      ids[name] = std::stoull(id.substr(3), nullptr, 16);
  return ids;
}

}  // namespace

TEST_CASE("what is read is what idl/troupe/annotations.capnp declares") {
  auto declared = declared_annotations();
  for (const auto& one : {service_annotation, policy_annotation, affinity_annotation})
    CHECK(declared[std::string(one.name)] == one.id);
  for (const auto& one : rpc::declared_traits()) CHECK(declared[std::string(one.name)] == one.annotation);
  CHECK(declared.size() == 3 + rpc::declared_traits().size());
  CHECK(static_cast<int>(annotations::Safety::READ_ONLY) == static_cast<int>(rpc::safety::read_only));
  CHECK(static_cast<int>(annotations::Criticality::CRITICAL) == static_cast<int>(rpc::criticality::critical));
}

TEST_CASE("a method's annotation goes before its interface's, which goes before the default") {
  said interface(3);
  interface.at(0, "timeout").setText("2m");
  interface.at(1, "safety").setEnum(1);
  interface.at(2, "criticality").setEnum(0);
  said method(2);
  method.at(0, "timeout").setText("250us");
  method.at(1, "hedge").setBool(true);

  const auto inherits = read_traits(interface.list(), said().list());
  CHECK(inherits.traits == rpc::method_traits{.safety = rpc::safety::idempotent,
                                              .criticality = rpc::criticality::sheddable,
                                              .timeout = 2min});
  const auto differs = read_traits(interface.list(), method.list());
  CHECK(differs.traits == rpc::method_traits{.safety = rpc::safety::idempotent,
                                             .hedge = rpc::hedging::on,
                                             .criticality = rpc::criticality::sheddable,
                                             .timeout = 250us});
  CHECK(read_traits(said().list(), said().list()).traits == rpc::method_traits());
  for (const auto& one : {inherits, differs}) {
    CHECK(one.problems_of_interface.empty());
    CHECK(one.problems_of_method.empty());
  }
}

TEST_CASE("what is wrong is told by where it is said, and leaves what went before") {
  said interface(1);
  interface.at(0, "timeout").setText("fast");
  said method(3);
  method.at(0, "safety").setEnum(9);
  method.at(1, "criticality").setEnum(2);
  method.at(2, "criticality").setEnum(0);
  const auto read = read_traits(interface.list(), method.list());
  REQUIRE(read.problems_of_interface.size() == 1);
  CHECK(read.problems_of_interface[0].find("$Troupe.timeout: 'fast' is not a duration") == 0);
  REQUIRE(read.problems_of_method.size() == 2);
  CHECK(read.problems_of_method[0] == "$Troupe.safety: this program knows no enumerant with the number 9");
  CHECK(read.problems_of_method[1] == "$Troupe.criticality is said twice; say it once");
  CHECK(read.traits == rpc::method_traits{.criticality = rpc::criticality::critical});
}

TEST_CASE("traits that contradict each other are a problem of the method") {
  said method(1);
  method.at(0, "hedge").setBool(true);
  const auto read = read_traits(said().list(), method.list());
  REQUIRE(read.problems_of_method.size() == 1);
  CHECK(read.problems_of_method[0].find("$Troupe.hedge would execute an unsafe method twice") == 0);
}

TEST_CASE("a value of a kind that no annotation of a method has is a problem, not an exception") {
  said method(1);
  method.at(0, "timeout").setFloat64(2.5);
  const auto read = read_traits(said().list(), method.list());
  CHECK(read.problems_of_method.size() == 1);
  CHECK(read.traits == rpc::method_traits());
}

TEST_CASE("an interface's text is found by its annotation's id") {
  said interface(2);
  interface.policy(0, "round_robin");
  interface.at(1, "hedge").setBool(false);
  CHECK(text_annotation(interface.list(), policy_annotation.id) == "round_robin");
  CHECK_FALSE(text_annotation(interface.list(), service_annotation.id));
  CHECK_FALSE(is_repeated(interface.list(), policy_annotation.id));
}
