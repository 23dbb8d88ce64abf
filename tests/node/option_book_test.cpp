// Every option of a node arrives: by file and by command line, for the node and for one service. The lists
// say which there are, so a new option is held to it as soon as it is listed.
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include <troupe/node/option_book.hpp>
#include <troupe/node/options.hpp>

using namespace troupe;

namespace {

std::string written(const std::string& text) {
  std::string name = "/tmp/troupe-option-book-XXXXXX";
  const int fd = ::mkstemp(name.data());
  REQUIRE(fd >= 0);
  ::close(fd);
  std::ofstream(name) << text;
  return name;
}

result<command_line> read(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"program"};
  for (const auto& each : arguments) argv.push_back(each.c_str());
  return read_command_line(static_cast<int>(argv.size()), argv.data(), {});
}

result<command_line> read_file(const std::string& text) {
  const auto path = written(text);
  auto said = read({"--config", path});
  std::remove(path.c_str());
  return said;
}

node_options good(const result<command_line>& said) {
  if (!said) FAIL(said.error().text);
  return said->options;
}

/// A value within the bounds that is not the object's.
std::string another(const option& of, const void* object) {
  for (const auto& each : of.within.choices)
    if (each.name != of.text(object)) return std::string(each.name);
  const auto usual = of.read(object);
  const auto* number = std::get_if<double>(&usual);
  if (number == nullptr) return of.kind == option_kind::texts ? "other:1" : "127.0.0.1:7001";
  const bool at_top = *number * 1.01 > of.within.high;
  const auto step = [&](double by) { return at_top ? *number - by : *number + by; };
  switch (of.kind) {
    case option_kind::flag:
      return *number == 0 ? "true" : "false";
    case option_kind::time:
      return std::to_string(static_cast<std::int64_t>(step(1e6))) + "ns";
    case option_kind::count:
      return std::to_string(static_cast<std::int64_t>(step(1)));
    default:
      return std::to_string(*number == 0 ? .01 : *number * (at_top ? .99 : 1.01));
  }
}

std::string another(const booked_option& of) {
  node_options usual;
  return another(*of.what, of.home(usual));
}

/// As TOML has it: texts in quotes, lists in brackets, everything else as it is.
std::string in_toml(const option& of, const std::string& value) {
  if (of.kind == option_kind::texts) return "[\"" + value + "\"]";
  const bool quoted = of.kind == option_kind::text || of.kind == option_kind::time ||
                      (of.kind == option_kind::choice && value != "true" && value != "false");
  return quoted ? "\"" + value + "\"" : value;
}

option_value value_in(const booked_option& of, node_options options) {
  return of.what->read(of.home(options));
}

/// What is to arrive.
option_value value_of(const booked_option& of, const std::string& text) {
  node_options trial;
  const auto done = of.what->set(of.home(trial), text, of.name);
  REQUIRE_MESSAGE(done, (done ? "" : done.error().text));
  return of.what->read(of.home(trial));
}

std::string dashed(std::string name) {
  for (auto& each : name)
    if (each == '_') each = '-';
  return name;
}

}  // namespace

TEST_CASE("every option arrives from a file and from the command line, in both spellings") {
  REQUIRE(option_book().size() > 110);
  for (const auto& each : option_book()) {
    CAPTURE(each.name);
    const auto usual = value_in(each, {});
    const auto value = another(each);
    const auto expected = value_of(each, value);
    CHECK(expected != usual);
    const auto toml = "[" + std::string(each.table()) + "]\n" + std::string(each.what->name) + " = " +
                      in_toml(*each.what, value) + "\n";
    CAPTURE(toml);
    CHECK(value_in(each, good(read_file(toml))) == expected);
    CHECK(value_in(each, good(read({"--" + each.name, value}))) == expected);
    CHECK(value_in(each, good(read({"--" + dashed(each.name) + "=" + value}))) == expected);
  }
}

TEST_CASE("all options together arrive from one file, and leave nothing as it was") {
  std::map<std::string, std::string> tables;
  for (const auto& each : option_book())
    tables[std::string(each.table())] +=
        std::string(each.what->name) + " = " + in_toml(*each.what, another(each)) + "\n";
  std::string text;
  for (const auto& [table, keys] : tables) text += "[" + table + "]\n" + keys;
  const auto options = good(read_file(text));
  for (const auto& each : option_book()) {
    CAPTURE(each.name);
    // The profile is another one, so membership's usual values are others, too: what was said counts.
    CHECK(value_in(each, options) == value_of(each, another(each)));
  }
}

TEST_CASE("an option that is out of its bounds is named where it stands") {
  for (const auto& each : option_book()) {
    if (each.what->within.high == std::numeric_limits<double>::infinity() ||
        each.what->kind == option_kind::text)
      continue;
    CAPTURE(each.name);
    if (!each.what->within.choices.empty()) continue;
    const auto above = each.what->kind == option_kind::time ? std::string("25h")
                                                            : std::to_string(each.what->within.high * 2 + 1);
    const auto said = read_file("[" + std::string(each.table()) + "]\n" + std::string(each.what->name) +
                                " = " + in_toml(*each.what, above) + "\n");
    REQUIRE_FALSE(said);
    CHECK(said.error().text.find(", line 2, column ") != std::string::npos);
    CHECK(said.error().text.find("option " + each.name + " is '") != std::string::npos);
    CHECK(said.error().text.find(": it must be ") != std::string::npos);
  }
}

TEST_CASE("every option of balance and retry arrives for one service, and for no other") {
  int checked = 0;
  for (const auto& each : option_book()) {
    if (!each.table().starts_with("balance") && each.table() != "retry") continue;
    CAPTURE(each.name);
    const auto value = another(each);
    const auto usual = value_in(each, {});
    for (const auto& options :
         {good(read_file("[service.\"a.B\"]\n" + each.name + " = " + in_toml(*each.what, value) + "\n")),
          good(read({"--service", "a.B:" + each.name + "=" + value}))}) {
      auto of_service = options;
      of_service.routing.balance = options.routing.balancing_of("a.B");
      of_service.routing.retry = options.routing.repeating_of("a.B");
      CHECK(value_in(each, of_service) == value_of(each, value));
      CHECK(value_in(each, options) == usual);
      ++checked;
    }
  }
  CHECK(checked > 70);
}

TEST_CASE("policy and aperture of one service arrive, whichever way they are said") {
  for (const auto& options : {good(read_file("[service.\"a.B\"]\npolicy = \"round_robin\"\naperture = 64\n")),
                              good(read({"--service", "a.B:policy=round_robin,aperture=64"}))}) {
    CHECK(options.routing.policy_of("a.B") == balance::policy_kind::round_robin);
    CHECK(options.routing.aperture_of("a.B") == 64);
    CHECK(options.routing.aperture_of("a.C") == routing::options{}.aperture);
  }
}

TEST_CASE("every option of hosting arrives for one service, over what the program wrote") {
  const hosting written_by_program{
      .runs_on = placement::event_loop, .in_flight_max = 10, .weight = 3, .as = "a.B"};
  for (const auto& each : hosting::list().options) {
    const auto name = hosting::list().full_name(each);
    CAPTURE(name);
    const auto value = another(each, &written_by_program);
    hosting expected = written_by_program;
    REQUIRE(each.set(&expected, value, name));
    for (const auto& options :
         {good(read_file("[service.\"a.B\"]\n" + name + " = " + in_toml(each, value) + "\n")),
          good(read({"--service", "a.B:" + name + "=" + value}))}) {
      const auto how = hosting_of(options, "a.B", written_by_program);
      for (const auto& other : hosting::list().options) CHECK(other.read(&how) == other.read(&expected));
      CHECK(how.as == "a.B");
      CHECK(hosting_of(options, "a.C", written_by_program).in_flight_max == 10);
    }
  }
}

TEST_CASE("of two that say the same the command line counts, whatever the file says of the profile") {
  const auto path =
      written("[node]\nprofile = \"lan\"\n[membership]\nprobe_period = \"700ms\"\nnacks = false\n");
  const auto options = good(read({"--config", path, "--membership.probe-period", "800ms"}));
  const auto local = good(read({"--config", path, "--profile", "local"}));
  std::remove(path.c_str());
  auto expected = membership::options{};
  expected.probe_period = 800ms;
  expected.nacks = false;
  CHECK(membership_of(options) == expected);
  // Those that nobody named are the profile's.
  expected = membership::options::local();
  expected.probe_period = 700ms;
  expected.nacks = false;
  CHECK(membership_of(local) == expected);
}
