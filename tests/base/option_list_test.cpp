#include <array>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/option_list.hpp>

// With linkage, as in field_count_test.cpp.
namespace troupe::test {

struct nested_options {
  double share = .5;
};

}  // namespace troupe::test

using namespace troupe;
using troupe::test::nested_options;

namespace {

enum class place : std::uint8_t { pool, thread };
constexpr std::array places = {option_choice{"pool", place::pool}, option_choice{"thread", place::thread}};
constexpr std::array levels = {option_choice{"info"}, option_choice{"warn"}, option_choice{"off"}};

struct options {
  duration period = 1s;
  int count = 3;
  std::size_t bytes = 65536;
  double ratio = 1.5;
  bool flag = true;
  std::string level = "info";
  std::string name;
  std::vector<std::string> seeds;
  place where = place::pool;
  nested_options nested;
};

constexpr std::array all = {
    option_of<&options::period>("period", between(50ms, 1min), "How often."),
    option_of<&options::count>("count", between(0, 16).in("peers"), "How many."),
    option_of<&options::bytes>("bytes", between(512, 1 << 20).in("bytes"), "How much."),
    option_of<&options::ratio>("ratio", above(1), "How well."),
    option_of<&options::flag>("flag", anything_goes(), "Whether."),
    option_of<&options::level>("level", one_of(levels), "How loud."),
    option_of<&options::name>("name", between(1, 8), "Who."),
    option_of<&options::seeds>("seeds", anything_goes(), "Whom to ask."),
    option_of<&options::where>("where", one_of(places), "Where."),
    option_of<&options::nested, &nested_options::share>("share", above(0).up_to(1), "How much of it."),
};
static_assert(covers<options>(all));
constexpr option_list<options> list{"room", all};

const option& named(std::string_view name) {
  for (const auto& each : all)
    if (each.name == name) return each;
  FAIL("there is no such option");
  return all[0];
}

std::string problem(std::string_view name, std::string_view text) {
  options into;
  const auto done = named(name).set(&into, text, name);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == code::invalid_argument);
  return done.error().text;
}

}  // namespace

TEST_CASE("each kind of value is read from a text, and written back") {
  options into;
  const auto set = [&](std::string_view name, std::string_view text) {
    const auto done = named(name).set(&into, text, name);
    CHECK_MESSAGE(done, (done ? "" : done.error().text));
    return named(name).text(&into);
  };
  CHECK(set("period", "300ms") == "300ms");
  CHECK(into.period == 300ms);
  CHECK(set("count", "16") == "16");
  CHECK(into.count == 16);
  CHECK(set("bytes", "1000") == "1000");
  CHECK(set("bytes", "64KiB") == "64KiB");
  CHECK(set("bytes", "1 MiB") == "1MiB");
  CHECK(into.bytes == 1048576);
  CHECK(set("ratio", "2.25") == "2.25");
  CHECK(into.ratio == 2.25);
  CHECK(set("flag", "false") == "false");
  CHECK_FALSE(into.flag);
  CHECK(set("level", "off") == "off");
  CHECK(into.level == "off");
  CHECK(set("name", "ann") == "ann");
  CHECK(set("seeds", "a:1,b:2") == "a:1,b:2");
  CHECK(into.seeds == std::vector<std::string>{"a:1", "b:2"});
  CHECK(set("where", "thread") == "thread");
  CHECK(into.where == place::thread);
  CHECK(set("share", "1") == "1");
  CHECK(into.nested.share == 1);
}

TEST_CASE("a number sets any option but texts, with times in seconds") {
  options into;
  CHECK(named("period").set_number(&into, .25, "period"));
  CHECK(into.period == 250ms);
  CHECK(named("count").set_number(&into, 4, "count"));
  CHECK(into.count == 4);
  CHECK(named("flag").set_number(&into, 0, "flag"));
  CHECK_FALSE(into.flag);
  CHECK(named("ratio").set_number(&into, 1e6, "ratio"));
  CHECK(into.ratio == 1e6);
  CHECK(named("period").set_number(&into, 120, "period").error().text ==
        "option period is '120 s': it must be 50 ms to 60 s");
  CHECK_FALSE(named("count").set_number(&into, 1.5, "count"));
  CHECK_FALSE(named("flag").set_number(&into, 2, "flag"));
  CHECK(into.period == 250ms);  // what is refused changes nothing
}

TEST_CASE("an error names the option, the value, and what would do") {
  CHECK(problem("period", "10ms") == "option period is '10ms': it must be 50 ms to 60 s");
  CHECK(problem("period", "often") ==
        "option period is 'often': it must be a time, such as 250us, 300ms, 1.5s or 2m, 50 ms to 60 s");
  CHECK(problem("count", "17") == "option count is '17': it must be 0 to 16 peers");
  CHECK(problem("count", "many") == "option count is 'many': it must be a whole number, 0 to 16 peers");
  CHECK(problem("count", "1.5") == "option count is '1.5': it must be a whole number, 0 to 16 peers");
  CHECK(problem("bytes", "1") == "option bytes is '1': it must be 512 bytes to 1 MiB");
  CHECK(problem("bytes", "2TB").find("a whole number of bytes, such as 4096 or 64KiB, 512 bytes to 1 MiB") !=
        std::string::npos);
  CHECK(problem("ratio", "1") == "option ratio is '1': it must be above 1");
  CHECK(problem("ratio", "nan") == "option ratio is 'nan': it must be a number, above 1");
  CHECK(problem("flag", "maybe") == "option flag is 'maybe': it must be true or false");
  CHECK(problem("level", "loud") == "option level is 'loud': it must be info, warn or off");
  CHECK(problem("level", "wran") ==
        "option level is 'wran': it must be info, warn or off; did you mean 'warn'?");
  CHECK(problem("where", "thraed") ==
        "option where is 'thraed': it must be pool or thread; did you mean 'thread'?");
  CHECK(problem("name", "") == "option name is '': it must be 1 to 8 characters");
  CHECK(problem("share", "0") == "option share is '0': it must be above 0 and at most 1");
}

TEST_CASE("a list checks what code has written, with the list's name") {
  CHECK(list.check(options{.name = "ann"}));
  const auto wrong = list.check(options{.period = 90s, .name = "ann"});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().text == "option room.period is 90 s: it must be 50 ms to 60 s");
  CHECK(list.check(options{.level = "loud", .name = "ann"}).error().text ==
        "option room.level is 'loud': it must be info, warn or off");
  CHECK(list.check(options{.name = "ann", .nested = {.share = 2}}).error().text ==
        "option room.share is 2: it must be above 0 and at most 1");
}

TEST_CASE("bounds say both ends, one, or what kind of value it is") {
  struct one {
    std::uint32_t count = 0;
    double number = 0;
    std::string text;
  };
  const auto bounds = [](const option& of) { return of.bounds(); };
  CHECK(bounds(option_of<&one::number>("n", at_least(0).below(1), "")) == "at least 0 and below 1");
  CHECK(bounds(option_of<&one::number>("n", anything_goes(), "")) == "a number");
  CHECK(bounds(option_of<&one::count>("n", at_least(1), "")) == "1 to 4294967295");
  CHECK(bounds(option_of<&one::text>("n", between(0, 64), "")) == "at most 64 characters");
  CHECK(bounds(option_of<&one::text>("n", anything_goes(), "")) == "a text");
  CHECK(bounds(option_of<&one::count>("n", between(1024, 1 << 30).in("bytes per second"), "")) ==
        "1 KiB to 1 GiB per second");
}

TEST_CASE("an optional member is empty until it is set") {
  struct one {
    std::optional<place> where;
    std::optional<std::uint32_t> count;
  };
  constexpr auto where = option_of<&one::where>("where", one_of(places), "");
  constexpr auto count = option_of<&one::count>("count", at_least(0), "");
  one into;
  CHECK(where.text(&into).empty());
  CHECK(count.check(&into, "count"));
  CHECK(where.set(&into, "thread", "where"));
  CHECK(count.set(&into, "7", "count"));
  CHECK(into.where == place::thread);
  CHECK(into.count == 7u);
  CHECK_FALSE(count.set(&into, "-1", "count"));
}

TEST_CASE("a list that forgets a member, takes a stranger's or names two alike does not cover the struct") {
  struct one {
    int a = 0, b = 0;
  };
  struct other {
    int c = 0;
  };
  constexpr auto a = option_of<&one::a>("a", anything_goes(), "");
  constexpr auto b = option_of<&one::b>("b", anything_goes(), "");
  constexpr auto twice = option_of<&one::b>("a", anything_goes(), "");
  constexpr auto stranger = option_of<&other::c>("c", anything_goes(), "");
  CHECK(covers<one>(std::array{a, b}));
  CHECK(covers<one>(std::array{a}, 1));
  CHECK_FALSE(covers<one>(std::array{a}));
  CHECK_FALSE(covers<one>(std::array{a, twice}));
  CHECK_FALSE(covers<one>(std::array{a, stranger}));
}

TEST_CASE("a variable by itself is an option") {
  unsigned shard = 0;
  constexpr auto one = lone_option<unsigned>("shard", between(0, 9), "Which part this is.");
  CHECK(one.set(&shard, "7", "shard"));
  CHECK(shard == 7);
  CHECK(one.text(&shard) == "7");
}
