// JSON to parameters and back.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "desk.capnp.h"
#include "reflection/described.hpp"

using namespace troupe;

namespace {

reflection::interface_view described_desk() { return described::interface<desk::Desk>("test.Desk"); }

}  // namespace

TEST_CASE("JSON becomes parameters, and parameters JSON") {
  const auto view = described_desk();
  const auto* put = view.find("put");
  const std::string json =
      R"({"sheet":{"paper":"lined","lines":["a","b"],"at":{"row":7,"column":"-9007199254740993"},"ink":0.5},"owner":"18446744073709551615"})";
  described::params made(*put, json);
  REQUIRE(made.outcome);
  const auto typed = made.message.getRoot<desk::Desk::PutParams>().asReader();
  CHECK(typed.getOwner() == 18446744073709551615ULL);
  CHECK(typed.getSheet().getPaper() == desk::Paper::LINED);
  CHECK(typed.getSheet().getLines()[1] == "b");
  CHECK(typed.getSheet().getAt().getColumn() == -9007199254740993);
  CHECK(typed.getSheet().getInk() == 0.5);
  const auto text = reflection::to_json_text(made.builder.asReader());
  REQUIRE(text);
  described::params again(*put, *text);
  REQUIRE(again.outcome);
  CHECK(again.message.getRoot<desk::Desk::PutParams>().getSheet().getAt().getRow() == 7);
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
    const described::params made(*view.find("put"), bad.text);
    REQUIRE_FALSE(made.outcome);
    const auto& said = made.outcome.error().text;
    CAPTURE(said);
    CHECK(said.find(bad.what) != std::string::npos);
    CHECK(said.find("test.Desk.put: ") == 0);
    CHECK(said.find("parameters: (sheet :Sheet, owner :UInt64)") != std::string::npos);
  }
}
