// An interface as the command knows it: from its schema alone.
#include "tools/troupe/reflection.hpp"

#include <string>
#include <vector>

#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <doctest/doctest.h>

#include <troupe/node/schema_nodes.hpp>
#include <troupe/service/affinity.hpp>

#include "troupe/desk.capnp.h"

using namespace troupe;
using namespace troupe::command;

namespace {

/// As a node describes it.
interface_view described_desk() {
  capnp::MallocMessageBuilder message;
  auto described = message.initRoot<admin::Admin::DescribeResults>();
  const auto interface = capnp::Schema::from<desk::Desk>();
  const auto found = schema_nodes(interface);
  described.setInterfaceId(interface.getProto().getId());
  auto nodes = described.initNodes(static_cast<capnp::uint>(found.size()));
  for (capnp::uint i = 0; i < nodes.size(); ++i) nodes.setWithCaveats(i, found[i].getProto());
  auto view = interface_view::load("test.Desk", described.asReader());
  REQUIRE(view);
  return std::move(*view);
}

struct filled {
  capnp::MallocMessageBuilder message;
  result<void> outcome;
  capnp::DynamicStruct::Builder params;

  filled(const method_view& method, std::string_view json)
      : params(message.initRoot<capnp::DynamicStruct>(method.params)) {
    outcome = fill_params(method, json, params);
  }
};

}  // namespace

TEST_CASE("a loaded interface has its own and its inherited methods, as their authors declared them") {
  const auto view = described_desk();
  REQUIRE(view.methods().size() == 3);
  const auto* put = view.find("put");
  const auto* open = view.find("open");
  const auto* shut = view.find("shut");
  REQUIRE((put && open && shut));
  CHECK(view.find("close") == nullptr);

  CHECK(put->signature() == "put (sheet :Sheet, owner :UInt64) -> ()");
  CHECK(open->signature() == "open (key :Data, gently :Bool) -> (sheets :List(Sheet))");
  CHECK(put->calling.safety == rpc::safety::unsafe);
  CHECK(put->calling.timeout == std::chrono::milliseconds(40));
  CHECK(open->calling.safety == rpc::safety::read_only);
  CHECK(open->calling.timeout == std::chrono::seconds(2));
  CHECK(shut->calling.safety == rpc::safety::idempotent);
  CHECK(shut->calling.ordinal == 1);
  CHECK(open->calling.interface_id == capnp::typeId<desk::Drawer>());
  CHECK(put->calling.interface_id == capnp::typeId<desk::Desk>());
  CHECK(open->calling.service == "test.Desk");
}

TEST_CASE("JSON becomes parameters, and parameters JSON") {
  const auto view = described_desk();
  const auto* put = view.find("put");
  const std::string json =
      R"({"sheet":{"paper":"lined","lines":["a","b"],"at":{"row":7,"column":"-9007199254740993"},"ink":0.5},"owner":"18446744073709551615"})";
  filled made(*put, json);
  REQUIRE(made.outcome);
  const auto typed = made.message.getRoot<desk::Desk::PutParams>().asReader();
  CHECK(typed.getOwner() == 18446744073709551615ULL);
  CHECK(typed.getSheet().getPaper() == desk::Paper::LINED);
  CHECK(typed.getSheet().getLines()[1] == "b");
  CHECK(typed.getSheet().getAt().getColumn() == -9007199254740993);
  CHECK(typed.getSheet().getInk() == 0.5);
  const auto text = to_json_text(made.params.asReader());
  REQUIRE(text);
  filled again(*put, *text);
  REQUIRE(again.outcome);
  CHECK(again.message.getRoot<desk::Desk::PutParams>().getSheet().getAt().getRow() == 7);
}

TEST_CASE("the affinity key hashes as the generated stub's does") {
  const auto view = described_desk();
  filled put(*view.find("put"), R"({"owner": 77})");
  CHECK(affinity_key(*view.find("put"), put.params.asReader()) == affinity_of(std::uint64_t{77}));
  filled open(*view.find("open"), R"({"key": [1, 2, 255]})");
  const kj::byte bytes[] = {1, 2, 255};
  CHECK(affinity_key(*view.find("open"), open.params.asReader()) ==
        affinity_of(capnp::Data::Reader(bytes, sizeof bytes)));
  filled shut(*view.find("shut"), "{}");
  CHECK_FALSE(affinity_key(*view.find("shut"), shut.params.asReader()));
}

TEST_CASE("JSON that does not fit is refused by the field's name, with the parameters shown") {
  struct bad_json {
    std::string text;
    std::string what;
  };
  const std::vector<bad_json> all = {
      {"{", "this is not JSON"},
      {"[]", "this is a list, and must be an object"},
      {R"({"shet": {}})", "there is no field 'shet'"},
      {R"({"sheet": 5})", "sheet is a number, and must be an object"},
      {R"({"sheet": {"ink": "dry"}})", "sheet.ink is a text, and must be a number (Float32)"},
      {R"({"sheet": {"paper": "blue"}})", "sheet.paper is a text, and must be one of plain, lined"},
      {R"({"sheet": {"lines": "a"}})", "sheet.lines is a text, and must be a list (List(Text))"},
      {R"({"sheet": {"lines": ["a", 1]}})", "sheet.lines[1] is a number, and must be a text"},
      {R"({"sheet": {"at": {"row": 65536}}})", "sheet.at.row is out of the range of UInt16"},
      {R"({"sheet": {"at": {"rows": 1}}})", "there is no field 'sheet.at.rows'"},
      {R"({"owner": -1})", "owner is out of the range of UInt64"},
      {R"({"owner": true})", "owner is true or false, and must be a number (UInt64)"},
  };
  const auto view = described_desk();
  for (const auto& bad : all) {
    CAPTURE(bad.text);
    const filled made(*view.find("put"), bad.text);
    REQUIRE_FALSE(made.outcome);
    const auto& said = made.outcome.error().text;
    CAPTURE(said);
    CHECK(said.find(bad.what) != std::string::npos);
    CHECK(said.find("test.Desk.put: ") == 0);
    CHECK(said.find("parameters: (sheet :Sheet, owner :UInt64)") != std::string::npos);
  }
}
