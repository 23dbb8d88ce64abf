// The table of annotations: what each reads, shows and spells.
#include <set>

#include <doctest/doctest.h>

#include <troupe/rpc/declared_trait.hpp>

using namespace troupe;
using namespace troupe::rpc;

namespace {

const declared_trait& trait(std::string_view name) {
  for (const auto& one : declared_traits())
    if (one.name == name) return one;
  FAIL("there is no trait " << name);
  return declared_traits().front();
}

/// The traits of a method of which this alone is said.
method_traits with(std::string_view name, annotation_value said) {
  method_traits made;
  REQUIRE(trait(name).read(said, made));
  return made;
}

std::string refusal(std::string_view name, annotation_value said) {
  method_traits made;
  const auto read = trait(name).read(said, made);
  REQUIRE_FALSE(read);
  CHECK(made == method_traits());  // as it was
  return read.error().text;
}

}  // namespace

TEST_CASE("every trait has a name and an id of its own") {
  std::set<std::string_view> names;
  std::set<std::uint64_t> ids;
  for (const auto& one : declared_traits()) {
    names.insert(one.name);
    ids.insert(one.annotation);
  }
  CHECK(names == std::set<std::string_view>{"safety", "hedge", "backup", "criticality", "timeout"});
  CHECK(ids.size() == names.size());
}

TEST_CASE("an annotation's value becomes a trait") {
  CHECK(with("safety", std::int64_t{2}).safety == safety::read_only);
  CHECK(with("hedge", true).hedge == hedging::on);
  CHECK(with("hedge", false).hedge == hedging::off);
  CHECK(with("backup", false).backup == backing::off);
  CHECK(with("criticality", std::int64_t{0}).criticality == criticality::sheddable);
  CHECK(with("timeout", std::string_view("250ms")).timeout == 250ms);
}

TEST_CASE("an enumerant of a newer schema and a value of another kind are refused") {
  for (const auto* name : {"safety", "criticality"}) {
    CHECK(refusal(name, std::int64_t{3}).find("no enumerant with the number 3") != std::string::npos);
    CHECK(refusal(name, true).find("another kind") != std::string::npos);
  }
  CHECK(refusal("hedge", std::int64_t{1}).find("another kind") != std::string::npos);
  CHECK(refusal("timeout", std::int64_t{1}).find("another kind") != std::string::npos);
}

TEST_CASE("a timeout is a duration that leaves a call time") {
  CHECK(refusal("timeout", std::string_view("fast")).find("'fast' is not a duration") == 0);
  CHECK(refusal("timeout", std::string_view("0s")).find("'0s' leaves a call no time") == 0);
}

TEST_CASE("a trait is shown to people and spelled in C++") {
  const method_traits declared{.safety = safety::read_only,
                               .hedge = hedging::on,
                               .criticality = criticality::critical,
                               .timeout = 300ms};
  CHECK(trait("safety").text(declared) == "readOnly");
  CHECK(trait("safety").expression(declared) == "::troupe::rpc::safety::read_only");
  CHECK(trait("hedge").text(declared) == "on");
  CHECK(trait("hedge").expression(declared) == "::troupe::rpc::hedging::on");
  CHECK(trait("backup").text(declared) == "on");
  CHECK(trait("backup").expression({.backup = backing::off}) == "::troupe::rpc::backing::off");
  CHECK(trait("criticality").text(declared) == "critical");
  CHECK(trait("criticality").text({}) == "-");
  CHECK(trait("criticality").expression(declared) == "::troupe::rpc::criticality::critical");
  CHECK(trait("timeout").text(declared) == "300 ms");
}

TEST_CASE("a duration is spelled in the largest unit that it is a whole number of") {
  const auto spelled = [](duration value) { return trait("timeout").expression({.timeout = value}); };
  CHECK(spelled(120s) == "std::chrono::seconds(120)");
  CHECK(spelled(1500ms) == "std::chrono::milliseconds(1500)");
  CHECK(spelled(250us) == "std::chrono::microseconds(250)");
  CHECK(spelled(7ns) == "std::chrono::nanoseconds(7)");
}
