// What people read about options: the page in framework/docs says what the lists say.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

#include <troupe/node/option_book.hpp>
#include <troupe/node/option_texts.hpp>

using namespace troupe;

TEST_CASE("framework/docs/options.md is what the lists of options say") {
  const auto* source = std::getenv("TROUPE_SOURCE_DIR");
  REQUIRE_MESSAGE(source != nullptr, "run it by ctest, or set TROUPE_SOURCE_DIR");
  std::ifstream file(std::string(source) + "/framework/docs/options.md");
  const std::string there{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const bool same = there == options_page();
  CHECK_MESSAGE(same, "the lists have changed: build/release/bin/troupe options >framework/docs/options.md");
}

TEST_CASE("the page and the help have every option, with its sentence") {
  const auto page = options_page();
  const auto help = help_text("program", nullptr, {}, help_on::all);
  for (const auto& each : option_book()) {
    CAPTURE(each.name);
    CHECK_FALSE(each.what->sentence.empty());
    CHECK(each.what->sentence.ends_with('.'));
    CHECK(page.find("| `" + std::string(each.what->name) + "` | ") != std::string::npos);
    CHECK(page.find(each.what->sentence) != std::string::npos);
    CHECK(help.find(spelled(each.name, spelling::on_line) + " ") != std::string::npos);
  }
}
