// Options: what they refuse, where they say it is, and which of two wins.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include <troupe/node/options.hpp>

using namespace troupe;

namespace {

/// A file that is gone with the test.
class text_file {
 public:
  explicit text_file(const std::string& text) {
    std::string name = "/tmp/troupe-options-XXXXXX";
    const int fd = ::mkstemp(name.data());
    REQUIRE(fd >= 0);
    ::close(fd);
    path_ = name;
    std::ofstream(path_) << text;
  }
  ~text_file() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

result<command_line> read(std::vector<const char*> arguments, const node_options& defaults = {}) {
  arguments.insert(arguments.begin(), "program");
  return read_command_line(static_cast<int>(arguments.size()), arguments.data(), defaults);
}

std::string problem_of(const std::string& text) {
  const text_file file(text);
  node_options options;
  const auto outcome = read_options_file(file.path(), options);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == code::invalid_argument);
  CHECK(outcome.error().text.find(file.path()) == 0);
  return outcome.error().text.substr(file.path().size());
}

}  // namespace

TEST_CASE("the command line goes before the file, and the file before the program's own") {
  const text_file file(
      "[node]\nname = \"from-file\"\ncluster = \"from-file\"\ndrain_limit = \"3s\"\n"
      "join = [\"127.0.0.1:1\", \"host:2\"]\npool_threads = 7\nallow_faults = true\n");
  node_options defaults;
  defaults.name = defaults.cluster = defaults.zone = "from-code";
  const auto said = read({"--config", file.path().c_str(), "--name", "from-line", "--policy", "round_robin",
                          "--profile", "lan", "left", "over"},
                         defaults);
  REQUIRE_MESSAGE(said, said.error().text);
  CHECK(said->options.name == "from-line");
  CHECK(said->options.cluster == "from-file");
  CHECK(said->options.zone == "from-code");
  CHECK(said->options.drain_limit == 3s);
  CHECK(said->options.pool_threads == 7);
  CHECK(said->options.faults == fault_injection::allowed);
  CHECK(said->options.profile == membership_profile::lan);
  CHECK(said->options.routing.policy == balance::policy_kind::round_robin);
  CHECK(said->options.join == std::vector<std::string>{"127.0.0.1:1", "host:2"});
  CHECK(said->arguments == std::vector<std::string>{"left", "over"});
  const auto joined = read({"--config", file.path().c_str(), "--join", "a:1,b:2"});
  REQUIRE(joined);
  CHECK(joined->options.join == std::vector<std::string>{"a:1", "b:2"});
}

TEST_CASE("gossip keys come from the file, the environment or the command line, the last one first") {
  const text_file file("[node]\nkeyring = \"from-file\"\ngossip_key = \"from-file\"\n");
  REQUIRE(::setenv("TROUPE_GOSSIP_KEY", "from-environment", 1) == 0);
  const auto said = read({"--config", file.path().c_str()});
  const auto on_line = read({"--gossip-key", "from-line", "--keyring", "from-line"});
  REQUIRE(::unsetenv("TROUPE_GOSSIP_KEY") == 0);
  REQUIRE(said);
  CHECK(said->options.keyring == "from-file");
  CHECK(said->options.gossip_key == "from-environment");
  REQUIRE(on_line);
  CHECK(on_line->options.gossip_key == "from-line");
  CHECK(on_line->options.keyring == "from-line");
}

TEST_CASE("a file's mistakes are named with line and column") {
  CHECK(problem_of("[node]\nname = \n").find(", line 2, column ") == 0);
  CHECK(problem_of("") == " has neither a table [node] nor [service.\"NAME\"]");
  CHECK(problem_of("[other]\n").find(", line 1, column 2: there is no table [other]; there are node, ") == 0);
  CHECK(problem_of("[service.\"a\"]\npolicy = \"best\"\n")
            .find(", line 2, column 10: \"best\" is no balancing policy. There are: dynamic_score, ") == 0);
  CHECK(problem_of("[service.\"a\"]\nweights = { lod = 1 }\n")
            .find(", line 2, column 11: \"lod\" is no term of the score. There are: barred, ") == 0);
  CHECK(problem_of("[service.\"a\"]\nweights = { load = \"x\" }\n")
            .find("option weights.load is 'x': it must be a number, at least 0") != std::string::npos);
  CHECK(problem_of("[service.\"a\"]\nweight = 1\n").find("there are policy, weights") != std::string::npos);
  CHECK(problem_of("[service]\npolicy = \"random\"\n").find("write [service.\"shop.Cart\"]") !=
        std::string::npos);
  CHECK(problem_of("[node]\n\n  naem = \"x\"\n")
            .find(", line 3, column 10: there is no option 'naem'; did you mean 'name'?") == 0);
  CHECK(problem_of("[node]\npool_threads = \"many\"\n") ==
        ", line 2, column 16: option pool_threads is 'many': it must be a whole number, 1 to 256");
  CHECK(problem_of("[node]\njoin = \"a:1\"\n").find(", line 2, column 8: join is a list") == 0);
  CHECK(problem_of("[node]\njoin = [1]\n").find("join is a list of texts") != std::string::npos);
  CHECK(problem_of("[node]\nname = 1.5\n").find("a text, a whole number, true or false is wanted here") !=
        std::string::npos);
  CHECK(problem_of("[node]\ndrain_limit = \"soon\"\n").find("soon") != std::string::npos);
  CHECK(problem_of("[node]\nprofile = \"slow\"\n")
            .find("option profile is 'slow': it must be automatic, local or lan") != std::string::npos);
  CHECK(problem_of("[node]\nallow_faults = \"maybe\"\n").find("true or false") != std::string::npos);
  CHECK(problem_of("[node]\npolicy = \"best\"\n").find("best") != std::string::npos);
  node_options options;
  CHECK(read_options_file("/tmp/no-such-file.toml", options).error().code == code::not_found);
}

TEST_CASE("what is said of single services is merged, the command line's last") {
  const text_file file(
      "[service.\"shop.Cart\"]\npolicy = \"random\"\nweights = { load = 0.9, cost = 2 }\n"
      "[service.\"shop.Payment\"]\npolicy = \"round_robin\"\n");
  const auto said =
      read({"--config", file.path().c_str(), "--service", "shop.Cart:policy=consistent_hash,cost=3",
            "--service", "shop.Other:zone=0", "left over"});
  REQUIRE_MESSAGE(said, said.error().text);
  const auto& routing = said->options.routing;
  CHECK(routing.policy_of("shop.Cart") == balance::policy_kind::consistent_hash);
  CHECK(routing.policy_of("shop.Payment") == balance::policy_kind::round_robin);
  CHECK(routing.policy_of("shop.Other") == balance::policy_kind::dynamic_score);
  CHECK(routing.balancing_of("shop.Cart").weight.cost == 3);
  CHECK(routing.balancing_of("shop.Cart").weight.load == .9);
  CHECK(routing.balancing_of("shop.Other").weight.zone == 0);
  CHECK(said->arguments == std::vector<std::string>{"left over"});
  const auto wrong = read({"--service", "shop.Cart:policy=best"});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().text.find(
            "--service: service shop.Cart: \"best\" is no balancing policy. There are: ") == 0);
  const auto heavy = read({"--service", "shop.Cart:cost=99"});
  REQUIRE_FALSE(heavy);
  CHECK(heavy.error().text.find("service shop.Cart: balance.weight.barred must be above") == 0);
}

TEST_CASE("a command line's mistakes name the option, its value and its bounds") {
  const auto problem = [](std::vector<const char*> arguments) {
    const auto said = read(std::move(arguments));
    REQUIRE_FALSE(said);
    return said.error().text;
  };
  CHECK(problem({"--pool-threads", "x"}) ==
        "option pool-threads is 'x': it must be a whole number, 1 to 256");
  CHECK(problem({"--pool-threads", "0"}) == "option pool-threads is '0': it must be 1 to 256");
  CHECK(problem({"--log-level", "loud"}).find("option log-level is 'loud': it must be trace") == 0);
  CHECK(problem({"--listen", "localhost:1"}).find("option listen is 'localhost:1'") == 0);
  CHECK(problem({"--listen", "0.0.0.0:0"}).find("set the option advertise") != std::string::npos);
  CHECK(problem({"--listen", "0.0.0.0:0", "--advertise", "0.0.0.0:1"}).find("option advertise") == 0);
  CHECK(problem({"--cluster", ""}).find("option cluster is ''") == 0);
  CHECK(problem({"--name", std::string(65, 'n').c_str()}).find("at most 64 characters") != std::string::npos);
  CHECK(problem({"--zone", std::string(65, 'z').c_str()}).find("at most 64 characters") != std::string::npos);
  CHECK(problem({"--join", "nowhere"}).find("nowhere") != std::string::npos);
  CHECK(problem({"--name"}).find("--help lists the options") != std::string::npos);
  CHECK(problem({"--config", "/tmp/no-such-file.toml"}) == "there is no file /tmp/no-such-file.toml");
  const auto help = read({"--help"});
  REQUIRE(help);
  for (const auto* option : {"--config", "--join", "--listen", "--drain-limit", "Precedence"})
    CHECK(help->help.find(option) != std::string::npos);
  node_options options;
  options.links.low_water = options.links.high_water;
  CHECK_FALSE(options.validate());
}
