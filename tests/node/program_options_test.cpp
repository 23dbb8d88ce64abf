// A program's own options: where they come from, what they refuse, and what is said of a mistyped one.
#include <array>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include <troupe/node/options.hpp>

using namespace troupe;

namespace {

enum class shape : std::uint8_t { round, square };
constexpr std::array shapes = {option_choice{"round", shape::round}, option_choice{"square", shape::square}};

/// A program with one option of each kind.
struct program {
  program() {
    own.need("shard", shard, between(0, 9), "Which part this is.")
        .add("folder", folders, "Folders of texts.")
        .add("wait", wait, at_least(0s), "How long.")
        .add("share", share, between(0, 1), "How much.")
        .add("journal", journal, "A file.")
        .add("verbose", verbose, "Whether to talk.")
        .add("shape", form, one_of(shapes), "What it looks like.");
  }

  result<command_line> read(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv = {"/usr/bin/program"};
    for (const auto& each : arguments) argv.push_back(each.c_str());
    return read_command_line(static_cast<int>(argv.size()), argv.data(), {}, &own);
  }
  std::string problem(const std::vector<std::string>& arguments) {
    const auto said = read(arguments);
    REQUIRE_FALSE(said);
    CHECK(said.error().code == code::invalid_argument);
    return said.error().text;
  }

  unsigned shard = 99;
  std::vector<std::string> folders = {"usual"};
  duration wait = 2s;
  double share = .5;
  std::string journal;
  bool verbose = false;
  shape form = shape::round;
  program_options own{"One replica of one shard."};
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a program's options are read beside a node's") {
  program it;
  const auto said = it.read({"--shard", "3", "--name", "a", "--wait=40ms", "--share", ".25", "--folder", "x",
                             "--folder", "y", "--verbose", "--shape", "square", "--journal", "j"});
  REQUIRE_MESSAGE(said, said.error().text);
  CHECK(it.shard == 3);
  CHECK(it.wait == 40ms);
  CHECK(it.share == .25);
  CHECK(it.folders == std::vector<std::string>{"x", "y"});
  CHECK(it.verbose);
  CHECK(it.form == shape::square);
  CHECK(it.journal == "j");
  CHECK(said->options.name == "a");
  CHECK(said->arguments.empty());
}

TEST_CASE("what is not given stays as the program wrote it, but what is needed must be given") {
  program it;
  REQUIRE(it.read({"--shard", "0", "--verbose=false"}));
  CHECK(it.wait == 2s);
  CHECK(it.folders == std::vector<std::string>{"usual"});
  CHECK_FALSE(it.verbose);
  CHECK(has(it.problem({}), "the option --shard is needed: Which part this is."));
}

TEST_CASE("a program's options come from the table [program] of the file, too; the line goes before it") {
  std::string path = "/tmp/troupe-program-XXXXXX";
  const int fd = ::mkstemp(path.data());
  REQUIRE(fd >= 0);
  ::close(fd);
  std::ofstream(path) << "[program]\nshard = 4\nfolder = [\"a\", \"b\"]\nwait = \"1s\"\nverbose = true\n";
  program it;
  REQUIRE(it.read({"--config", path, "--wait", "3s"}));
  CHECK(it.shard == 4);
  CHECK(it.folders == std::vector<std::string>{"a", "b"});
  CHECK(it.wait == 3s);
  CHECK(it.verbose);
  std::ofstream(path) << "[program]\nshrad = 4\n";
  CHECK(it.problem({"--config", path}) ==
        path + ", line 2, column 9: there is no option 'shrad'; did you mean 'shard'?");
  std::ofstream(path) << "[program]\nshard = 12\n";
  CHECK(it.problem({"--config", path}) ==
        path + ", line 2, column 9: option shard is '12': it must be 0 to 9");
  std::remove(path.c_str());
}

TEST_CASE("a mistyped option proposes the nearest one, the program's own or a node's") {
  program it;
  CHECK(has(it.problem({"--shrad", "1"}), "there is no option '--shrad'; did you mean '--shard'?"));
  CHECK(has(it.problem({"--shard", "1", "--lsten=1"}),
            "there is no option '--lsten'; did you mean '--listen'?"));
  CHECK(has(it.problem({"--shard", "1", "--probe-period=1s"}), "did you mean '--membership.probe-period'?"));
  CHECK(has(it.problem({"--shard", "1", "--colour"}), "there is no option '--colour'"));
  CHECK(has(it.problem({"--shard", "1", "--hosting.weight", "3"}), "--service NAME:hosting.weight="));
  CHECK(has(it.problem({"--shard", "10"}), "option shard is '10': it must be 0 to 9"));
  CHECK(has(it.problem({"--shard", "1", "--shape", "sqare"}), "did you mean 'square'?"));
}

TEST_CASE("words are an error unless the program takes them") {
  program it;
  CHECK(has(it.problem({"--shard", "1", "word"}), "'word' means nothing"));
  std::vector<std::string> words;
  it.own.words("WORD...", words, "What to look for.");
  const auto said = it.read({"--shard", "1", "one", "two"});
  REQUIRE(said);
  CHECK(words == std::vector<std::string>{"one", "two"});
  CHECK(said->arguments == words);
}

TEST_CASE("help has the program's options before a node's, and those of the rooms on demand") {
  program it;
  std::vector<std::string> words;
  it.own.words("WORD...", words, "What to look for.");
  const auto help = it.read({"--help"})->help;
  CAPTURE(help);
  for (const auto* part :
       {"One replica of one shard.", "Usage: program [OPTIONS] WORD...",
        "Options of program:", "--shard NUMBER", "Which part this is. 0 to 9. Needed.", "--wait TIME", "[2s]",
        "--verbose ", "round or square. [round]", "WORD...", "--listen", "--help-all"})
    CHECK_MESSAGE(has(help, part), part);
  CHECK(help.find("--shard") < help.find("--listen"));
  CHECK_FALSE(has(help, "--membership.probe-period"));
  const auto all = it.read({"--help-all"})->help;
  for (const auto* part : {"--shard NUMBER", "Options of membership:", "--membership.probe-period TIME",
                           "Options of balance.ejection:", "hosting.in_flight_max"})
    CHECK_MESSAGE(has(all, part), part);
}

TEST_CASE("a program cannot declare an option that every node has, or one twice") {
  unsigned value = 0;
  const auto refused = [&](const char* one, const char* other) {
    program_options own;
    own.add(one, value, "").add(other, value, "");
    const char* argv[] = {"program"};
    const auto said = read_command_line(1, argv, {}, &own);
    return !said && said.error().code == code::already_exists;
  };
  CHECK(refused("listen", "b"));
  CHECK(refused("a", "config"));
  CHECK(refused("a", "a"));
  CHECK_FALSE(refused("a", "b"));
}

TEST_CASE("of a program that declares nothing, a node's options are known when they are mistyped") {
  const auto read = [](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "program");
    return read_command_line(static_cast<int>(arguments.size()), arguments.data(), {});
  };
  CHECK(has(read({"--lsten", "x"}).error().text, "there is no option '--lsten'; did you mean '--listen'?"));
  CHECK(has(read({"--keyrng=x"}).error().text, "did you mean '--keyring'?"));
  CHECK(has(read({"--balance.tei=1"}).error().text, "did you mean '--balance.tie'?"));
  const auto said = read({"--colour", "red", "word", "-5"});
  REQUIRE(said);
  CHECK(said->arguments == std::vector<std::string>{"--colour", "red", "word", "-5"});
}
