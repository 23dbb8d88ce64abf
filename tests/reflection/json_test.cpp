// JSON to parameters and back.
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "desk.capnp.h"
#include "reflection/described.hpp"

using namespace troupe;

namespace {

reflection::interface_view described_desk() { return described::interface<desk::Desk>("test.Desk"); }

/// The box that is packed, from JSON that is right.
class packed {
 public:
  explicit packed(const std::string& box)
      : view_(described::interface<desk::Clerk>("test.Clerk")),
        params_(*view_.find("pack"), R"({"box": )" + box + "}") {
    CAPTURE(box);
    REQUIRE_MESSAGE(params_.outcome, (params_.outcome ? "" : params_.outcome.error().text));
  }
  desk::Box::Reader operator*() {
    return params_.message.getRoot<desk::Clerk::PackParams>().asReader().getBox();
  }
  std::string again() const {
    const auto text = reflection::to_json_text(params_.builder.asReader());
    REQUIRE(text);
    return *text;
  }

 private:
  reflection::interface_view view_;
  described::params params_;
};

/// What is wrong with a box.
std::string refusal(const std::string& box) {
  const auto view = described::interface<desk::Clerk>("test.Clerk");
  const described::params made(*view.find("pack"), R"({"box": )" + box + "}");
  CAPTURE(box);
  REQUIRE_FALSE(made.outcome);
  const auto& said = made.outcome.error().text;
  REQUIRE(said.find("test.Clerk.pack: ") == 0);
  return said.substr(17, said.find('\n') - 17);
}

std::string text(capnp::Text::Reader from) { return {from.begin(), from.size()}; }

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

TEST_CASE("escapes in texts are read, those of UTF-16 pairs and of zero bytes, too") {
  packed box(R"({"title": "a\u00e9\u20ac\ud83d\ude00 \"\\\/\b\f\n\r\t \u0000z"})");
  using namespace std::string_literals;
  CHECK(text((*box).getTitle()) == "a\u00e9\u20ac\U0001f600 \"\\/\b\f\n\r\t \0z"s);
  const auto view = described::interface<desk::Clerk>("test.Clerk");
  const described::params again(*view.find("pack"), box.again());
  REQUIRE(again.outcome);
  CHECK(again.builder.asReader().get("box").as<capnp::DynamicStruct>().get("title").as<capnp::Text>() ==
        (*box).getTitle());
}

TEST_CASE("64-bit integers are exact, as numbers and as texts") {
  for (const auto* const quote : {"", "\""}) {
    const auto quoted = [quote](const std::string& number) { return quote + number + quote; };
    packed largest(R"({"big": )" + quoted("9223372036854775807") + R"(, "huge": )" +
                   quoted("18446744073709551615") + "}");
    CHECK((*largest).getBig() == INT64_MAX);
    CHECK((*largest).getHuge() == UINT64_MAX);
    packed odd(R"({"big": )" + quoted("-9007199254740993") + R"(, "huge": )" + quoted("9007199254740993") +
               "}");
    CHECK((*odd).getBig() == -9007199254740993);
    CHECK((*odd).getHuge() == 9007199254740993);
    CHECK((*packed(R"({"big": )" + quoted("-9223372036854775808") + "}")).getBig() == INT64_MIN);
    CHECK(refusal(R"({"big": )" + quoted("9223372036854775808") + "}") ==
          "box.big is out of the range of Int64");
    CHECK(refusal(R"({"huge": )" + quoted("18446744073709551616") + "}") ==
          "box.huge is out of the range of UInt64");
  }
  CHECK(packed(R"({"big": -9007199254740993})").again().find("\"-9007199254740993\"") != std::string::npos);
}

TEST_CASE("integers are whole and in their type's range, however they are written") {
  CHECK((*packed(R"({"tiny": -128, "count": 4294967295})")).getTiny() == -128);
  CHECK((*packed(R"({"count": 4294967295})")).getCount() == 4294967295);
  CHECK((*packed(R"({"count": 1.5e3})")).getCount() == 1500);
  CHECK(refusal(R"({"tiny": 128})") == "box.tiny is out of the range of Int8");
  CHECK(refusal(R"({"tiny": "-129"})") == "box.tiny is out of the range of Int8");
  CHECK(refusal(R"({"count": 1.5})") == "box.count is out of the range of UInt32");
  CHECK(refusal(R"({"count": 1e300})") == "box.count is out of the range of UInt32");
  CHECK(refusal(R"({"count": "12 or so"})") == "box.count is a text, and must be a number (UInt32)");
  CHECK(refusal(R"({"count": null})") == "box.count is null, and must be a number (UInt32)");
}

TEST_CASE("floats may be texts, as those that are no number have no other form") {
  CHECK((*packed(R"({"ratio": -2.5e-3})")).getRatio() == -0.0025);
  CHECK((*packed(R"({"ratio": 3})")).getRatio() == 3);
  CHECK((*packed(R"({"ratio": "0.5"})")).getRatio() == 0.5);
  CHECK((*packed(R"({"ratio": "-Infinity"})")).getRatio() < -1e308);
  packed none(R"({"ratio": "NaN"})");
  CHECK((*none).getRatio() != (*none).getRatio());
  CHECK(none.again().find("NaN") != std::string::npos);
}

TEST_CASE("enums are names, or the numbers of names that this schema does not have") {
  packed box(R"({"papers": ["lined", "plain", 1, 7]})");
  REQUIRE((*box).getPapers().size() == 4);
  CHECK((*box).getPapers()[0] == desk::Paper::LINED);
  CHECK((*box).getPapers()[1] == desk::Paper::PLAIN);
  CHECK((*box).getPapers()[2] == desk::Paper::LINED);
  CHECK(static_cast<int>((*box).getPapers()[3]) == 7);
  CHECK(refusal(R"({"papers": [65536]})") == "box.papers[0] is out of the range of Paper");
}

TEST_CASE("of a union one member is said, a group or nothing at all, too") {
  CHECK((*packed("{}")).isEmpty());
  CHECK((*packed(R"({"empty": null})")).isEmpty());
  CHECK((*packed(R"({"weight": 12})")).getWeight() == 12);
  packed sized(R"({"size": {"width": 3, "height": 4}})");
  REQUIRE((*sized).isSize());
  CHECK((*sized).getSize().getHeight() == 4);
  CHECK(refusal(R"({"empty": 1})") == "box.empty is a number, and must be null");
  CHECK(refusal(R"({"weight": 12, "size": {}})") ==
        "box.size and box.weight are of one union: say one of them");
}

TEST_CASE("lists hold lists, structs and nothing at all") {
  packed box(R"({"grid": [[1, 2], [], [65535]], "sheets": [{"lines": ["x"]}, {}], "papers": []})");
  const auto grid = (*box).getGrid();
  REQUIRE(grid.size() == 3);
  CHECK(grid[0][1] == 2);
  CHECK(grid[1].size() == 0);
  CHECK(grid[2][0] == 65535);
  REQUIRE((*box).getSheets().size() == 2);
  CHECK((*box).getSheets()[0].getLines()[0] == "x");
  CHECK((*box).getPapers().size() == 0);
  CHECK(refusal(R"({"grid": [[1], [2, -1]]})") == "box.grid[1][1] is out of the range of UInt16");
  CHECK(refusal(R"({"sheets": [{}, {"at": {"rows": 1}}]})") == "there is no field 'box.sheets[1].at.rows'");
}

TEST_CASE("Data is a list of bytes") {
  packed box(R"({"bytes": [0, 127, 255]})");
  REQUIRE((*box).getBytes().size() == 3);
  CHECK((*box).getBytes()[2] == 255);
  CHECK((*packed(R"({"bytes": []})")).getBytes().size() == 0);
  CHECK(refusal(R"({"bytes": [1, 256]})") == "box.bytes[1] is no byte: it must be a list of bytes, 0 to 255");
  CHECK(refusal(R"({"bytes": ["1"]})") == "box.bytes[0] is no byte: it must be a list of bytes, 0 to 255");
  CHECK(refusal(R"({"bytes": "AQI="})") == "box.bytes is a text, and must be a list of bytes, 0 to 255");
}

TEST_CASE("what JSON cannot say, and what is nested too deep, is refused") {
  CHECK(refusal(R"({"any": {}})") == "box.any is AnyPointer, which JSON cannot say");
  std::string deep = "{}";
  for (int i = 0; i < 100; ++i) deep = R"({"inner": )" + deep + "}";
  CHECK(refusal(deep).find(" is nested deeper than 64 levels") != std::string::npos);
  std::string fine = "{}";
  for (int i = 0; i < 50; ++i) fine = R"({"inner": )" + fine + "}";
  CHECK((*packed(fine)).hasInner());
}
