// The command itself, as a person uses it, on examples/hello: what it prints, what it leaves, its exit codes.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>

#include "tools/troupe/scratch_folder.hpp"

namespace {

using namespace std::chrono_literals;
using json = nlohmann::ordered_json;

struct outcome {
  int code = -1;
  std::string out;
  std::string err;

  /// What `-o json` and `call` print.
  json read() const {
    auto value = json::parse(out, nullptr, false);
    REQUIRE_MESSAGE(!value.is_discarded(), "not JSON: " << out << err);
    return value;
  }
};

std::string from_environment(const char* name) {
  const auto* value = std::getenv(name);
  REQUIRE_MESSAGE(value != nullptr, "run it by ctest, or set " << name);
  return value;
}

/// A folder in which commands are run. Whatever happens, no cluster is up there afterwards.
class desk {
 public:
  desk() : program_(from_environment("TROUPE_BIN_DIR") + "/troupe") {}
  ~desk() { (void)troupe("down --timeout 1s"); }

  /// `within`: the program that ends it if it does not end by itself.
  outcome troupe(const std::string& arguments, const std::string& within = "timeout 25") const {
    const auto out = here_.path() / "out";
    const auto err = here_.path() / "err";
    const auto status = std::system(("cd " + here_.path().string() + " && " + within + " " + program_ + " " +
                                     arguments + " >" + out.string() + " 2>" + err.string())
                                        .c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content_of(out), content_of(err)};
  }

  /// One that has to succeed.
  outcome succeeds(const std::string& arguments) const {
    auto done = troupe(arguments);
    CAPTURE(arguments);
    CAPTURE(done.err);
    REQUIRE(done.code == 0);
    return done;
  }

  std::string shop() const { return from_environment("TROUPE_SOURCE_DIR") + "/examples/shop"; }
  std::string hello() const { return from_environment("TROUPE_SOURCE_DIR") + "/examples/hello"; }
  const scratch_folder& folder() const { return here_; }

  std::string state_of(const std::string& node) const {
    const auto shown = succeeds("ps -o json").read();
    for (const auto& one : shown.at("nodes"))
      if (one.at("name").get<std::string>() == node) return one.at("state").get<std::string>();
    return "absent";
  }

 private:
  static std::string content_of(const std::filesystem::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  scratch_folder here_;
  std::string program_;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr const char* greet = "call hello.Greeter.greet '{\"name\": \"Ann\"}'";

std::set<pid_t> pids_of(const json& shown) {
  std::set<pid_t> pids;
  for (const auto& one : shown.at("nodes")) pids.insert(one.at("pid").get<pid_t>());
  return pids;
}

/// A process that has ended may still wait for this system's init to take note of it.
bool is_running(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string stat{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = stat.rfind(')');
  return name_end != std::string::npos && stat[name_end + 2] != 'Z';
}

}  // namespace

TEST_CASE("the command runs a cluster, calls it, hurts it, and leaves nothing behind") {
  const desk at;
  const auto up = at.succeeds("up " + at.hello() + " -o json");
  CHECK(has(up.err, "2 of 2 nodes ready"));
  auto pids = pids_of(up.read());
  REQUIRE(pids.size() == 2);
  for (const auto pid : pids) CHECK(is_running(pid));
  CHECK(at.troupe("up " + at.hello()).code == 4);  // it is up

  CHECK(at.succeeds(greet).read().at("greeting").get<std::string>() == "Hello, Ann!");
  CHECK(at.succeeds(std::string(greet) + " --on greeter-2").read().at("from").get<std::string>() ==
        "greeter-2");

  // One is killed: the next call is answered, by the other.
  CHECK(at.succeeds("kill greeter-2").out == "greeter-2 killed\n");
  CHECK(at.succeeds(greet).read().at("from").get<std::string>() == "greeter-1");
  CHECK(at.state_of("greeter-2") == "exited");
  CHECK(at.troupe("kill greeter-2").code == 1);
  at.succeeds("restart greeter-2");
  CHECK(at.state_of("greeter-2") == "running");
  CHECK(at.succeeds(std::string(greet) + " --on greeter-2").read().at("from").get<std::string>() ==
        "greeter-2");

  // One is frozen: the same.
  at.succeeds("pause greeter-1");
  CHECK(at.state_of("greeter-1") == "paused");
  CHECK(at.succeeds(greet).read().at("from").get<std::string>() == "greeter-2");
  at.succeeds("resume greeter-1");
  CHECK(at.state_of("greeter-1") == "running");

  const auto scaled = at.succeeds("scale greeter=3 -o json").read();
  CHECK(scaled.at("added").get<std::vector<std::string>>() == std::vector<std::string>{"greeter-3"});
  CHECK(at.succeeds(std::string(greet) + " --on greeter-3").read().at("from").get<std::string>() ==
        "greeter-3");
  CHECK(has(at.succeeds("logs greeter-3").out, "node greeter-3 is ready"));
  pids.merge(pids_of(at.succeeds("ps -o json").read()));
  CHECK(at.succeeds("scale greeter=2 -o json").read().at("removed").get<std::vector<std::string>>() ==
        std::vector<std::string>{"greeter-3"});
  at.succeeds("restart --rolling greeter");
  pids.merge(pids_of(at.succeeds("ps -o json").read()));

  CHECK(has(at.succeeds("down").out, "hello: ended 2 nodes"));
  for (const auto pid : pids) CHECK_FALSE(is_running(pid));
  CHECK_FALSE(std::filesystem::exists(at.folder().path() / ".troupe"));
  CHECK(at.troupe("ps").code == 3);
}

TEST_CASE("the command tells who is in a cluster, and what they serve") {
  const desk at;
  at.succeeds("up " + at.hello());
  const auto members = at.succeeds("members -o json").read().at("members");
  REQUIRE(members.size() == 2);
  for (const auto& one : members) {
    CHECK(one.at("state").get<std::string>() == "alive");
    CHECK(one.at("mode").get<std::string>() == "ready");
  }
  const auto services = at.succeeds("services -o json").read().at("services");
  REQUIRE(services.size() == 1);
  CHECK(services[0].at("name").get<std::string>() == "hello.Greeter");
  CHECK(services[0].at("nodes").get<std::vector<std::string>>() ==
        std::vector<std::string>{"greeter-1", "greeter-2"});
  CHECK(at.succeeds("wait hello.Greeter --replicas 2").out ==
        "hello.Greeter is served by greeter-1, greeter-2\n");
  const auto waited = at.troupe("wait hello.Greeter --replicas 3 --within 200ms");
  CHECK(waited.code == 1);
  CHECK(waited.err.find("after 200 ms hello.Greeter has 2 of 3 replicas: greeter-1, greeter-2") !=
        std::string::npos);
  const auto method = at.succeeds("describe hello.Greeter -o json").read().at("methods").front();
  CHECK(method.at("signature").get<std::string>() == "greet (name :Text) -> (greeting :Text, from :Text)");
  CHECK(method.at("safety").get<std::string>() == "readOnly");
  CHECK(method.at("timeoutMicros").get<int>() == 500'000);

  // From outside of the folder that has its state.
  const auto address = members[0].at("address").get<std::string>();
  CHECK(at.succeeds("members --cluster hello -o json --address " + address).read().at("members").size() == 2);
}

TEST_CASE("the command changes how replicas are chosen, at one node or at all, and explains it") {
  const desk at;
  at.succeeds("up " + at.hello());
  at.succeeds("policy hello.Greeter round_robin --node greeter-1");
  const auto view = at.succeeds("explain hello.Greeter --from greeter-1 -o json").read().at("views").front();
  CHECK(view.at("from").get<std::string>() == "greeter-1");
  CHECK(view.at("policy").get<std::string>() == "round_robin");
  REQUIRE(view.at("candidates").size() == 2);
  for (const auto& candidate : view.at("candidates")) {
    double sum = 0;
    for (const auto& term : candidate.at("terms"))
      sum += term.at("value").get<double>() * term.at("weight").get<double>();
    CHECK(candidate.at("score").get<double>() == doctest::Approx(sum));
  }
  CHECK(has(at.succeeds("explain hello.Greeter").out, "SCORE"));
  const auto policy_at = [&](const std::string& node) {
    const auto seen = at.succeeds("explain hello.Greeter --method greet --node " + node + " -o json").read();
    CHECK(seen.at("views").front().at("method").get<std::string>() == "greet");
    return seen.at("views").front();
  };
  CHECK(policy_at("greeter-2").at("policy").get<std::string>() == "dynamic_score");
  CHECK(at.succeeds("policy hello.Greeter dynamic_score --weight load=.8 --weight cost=2").out ==
        "greeter-1, greeter-2 choose replicas of hello.Greeter by dynamic_score\n");
  for (const auto* node : {"greeter-1", "greeter-2"}) {
    const auto seen = policy_at(node);
    CHECK(seen.at("policy").get<std::string>() == "dynamic_score");
    for (const auto& term : seen.at("candidates").front().at("terms"))
      if (term.at("name").get<std::string>() == "load") CHECK(term.at("weight").get<double>() == .8);
  }
}

TEST_CASE("the command makes a service fail, tells what became of it, and lets a node drain") {
  const desk at;
  at.succeeds("up " + at.hello());
  at.succeeds("fault greeter-1 hello.Greeter --fail 100");
  const auto refused = at.troupe(std::string(greet) + " --on greeter-1");
  CHECK(refused.code == 1);
  CHECK(has(refused.err, "hello.Greeter.greet"));
  CHECK(has(refused.err, "1  greeter-1"));
  at.succeeds("fault greeter-1 hello.Greeter");
  at.succeeds(std::string(greet) + " --on greeter-1");
  const auto numbers = at.succeeds("stats greeter-1 -o json").read().at("nodes").front();
  CHECK(numbers.at("services").front().at("name").get<std::string>() == "hello.Greeter");
  CHECK(numbers.at("services").front().at("requests").get<int>() == 2);

  at.succeeds("drain greeter-2");
  for (int i = 0; i < 500 && at.state_of("greeter-2") != "exited"; ++i) std::this_thread::sleep_for(10ms);
  CHECK(at.state_of("greeter-2") == "exited");
}

TEST_CASE("the command tells who came and went, how far apart they are, and lets a node leave") {
  const desk at;
  const auto pids = pids_of(at.succeeds("up " + at.hello() + " -o json").read());
  REQUIRE(pids.size() == 2);
  const auto eventually = [](auto holds) {
    for (int i = 0; i < 100; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(100ms);
    }
    return false;
  };
  CHECK(eventually([&] { return at.succeeds("rtt -o json").read().at("roundTrips").size() == 2; }));
  const auto rtt = at.succeeds("rtt -o json").read();
  for (const auto& one : rtt.at("roundTrips")) {
    CHECK(one.at("micros").get<int>() > 0);
    CHECK(one.at("from") != one.at("to"));
  }
  CHECK(has(at.succeeds("rtt").out, "FARTHEST"));
  CHECK(has(at.succeeds("rtt greeter-1").out, "greeter-2"));
  CHECK(at.troupe("rtt nobody").code == 3);

  // What one node has seen, line by line.
  const auto history = [&] {
    std::vector<json> all;
    std::istringstream lines(at.succeeds("members --watch --for 100ms --from greeter-1 -o json").out);
    for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
    return all;
  };
  const auto seen = [&](const std::string& kind, const std::string& name) {
    const auto all = history();
    return std::any_of(all.begin(), all.end(), [&](const json& one) {
      return one.at("kind").get<std::string>() == kind && one.at("name").get<std::string>() == name;
    });
  };
  CHECK(seen("joined", "greeter-2"));
  CHECK_FALSE(seen("died", "greeter-2"));
  // What happens while somebody watches, until he interrupts.
  const auto second = at.succeeds("ps -o json").read().at("nodes")[1].at("pid").get<pid_t>();
  std::thread killer([second] {
    std::this_thread::sleep_for(2s);
    ::kill(second, SIGKILL);
  });
  const auto watched =
      at.troupe("members --watch --from greeter-1", "timeout --preserve-status --signal INT 20");
  killer.join();
  CHECK(watched.code == 0);
  CHECK(has(watched.out, "ADDRESS"));
  CHECK(has(watched.out, "died       greeter-2"));
  CHECK(seen("died", "greeter-2"));

  at.succeeds("restart greeter-2");
  const auto left = at.succeeds("leave greeter-2 -o json").read();
  CHECK(left.at("known").get<int>() == 1);
  const auto members = at.succeeds("members --from greeter-1 -o json").read().at("members");
  REQUIRE(members.size() == 2);
  CHECK(members[members[0].at("name") == "greeter-2" ? 0 : 1].at("state").get<std::string>() == "left");
  CHECK(eventually([&] { return at.state_of("greeter-2") == "exited"; }));
  CHECK(at.troupe("leave nobody").code == 3);
}

TEST_CASE("two clusters of one name become one when a node of one is told to join the other") {
  const desk here;
  const desk there;
  here.succeeds("up " + here.hello());
  const auto greeter = from_environment("TROUPE_BIN_DIR") + "/hello_greeter";
  there.folder().write("cluster.toml", "[cluster]\nname = 'hello'\n[[node]]\nname = 'guest'\nrun = '" +
                                           greeter + "'\nreplicas = 3\n");
  const auto up = there.succeeds("up cluster.toml -o json").read();
  CHECK(here.succeeds("members -o json").read().at("members").size() == 2);
  const auto address = up.at("nodes")[1].at("address").get<std::string>();
  const auto joined = here.succeeds("join " + address + " --from greeter-2 -o json").read();
  CHECK(joined.at("node").get<std::string>() == "greeter-2");
  for (const auto* at : {&here, &there}) {
    std::size_t known = 0;
    for (int i = 0; i < 100 && known != 5; ++i) {
      if (i > 0) std::this_thread::sleep_for(100ms);
      known = at->succeeds("members -o json").read().at("members").size();
    }
    CHECK(known == 5);
  }
  CHECK(here.succeeds("services -o json").read().at("services")[0].at("nodes").size() == 5);
  CHECK(here.troupe("join nonsense").code == 2);
  const auto nobody = here.troupe("join 127.0.0.1:1 --timeout 300ms");
  CHECK(nobody.code == 1);
  CHECK(has(nobody.err, "has not met anybody at 127.0.0.1:1"));
}

TEST_CASE("gossip keys are made, shown and changed, and a node that was away finds back") {
  const desk here;
  here.folder().write("cluster.toml",
                      "[cluster]\nname = 'sealed'\nsealed = true\n[[node]]\nname = 'greeter'\n"
                      "run = 'hello_greeter'\nreplicas = 3\n");
  (void)here.succeeds("up .");
  const auto keys_of = [&](std::size_t node) {
    return here.succeeds("keys -o json").read().at("nodes").at(node).at("keys");
  };
  const auto old = keys_of(0).at(0).at("id").get<std::string>();
  CHECK(has(here.succeeds("keys").out, old));
  (void)here.succeeds("kill greeter-3");
  const auto fresh =
      here.succeeds("keys install --from greeter-2 -o json").read().at("key").get<std::string>();
  auto refused = here.troupe("keys retire " + old);
  CHECK(refused.code == 1);
  CHECK(has(refused.err, "greeter-1, greeter-2"));
  CHECK(has(refused.err, "cannot be seen to seal with another key than " + old));
  // While the others still wait for the one that was killed, it takes --anyway.
  (void)here.succeeds("keys use --anyway " + fresh);
  CHECK(has(here.succeeds("keys retire --anyway " + old).out, "is retired; for three days"));
  (void)here.succeeds("restart greeter-3");
  const auto back = keys_of(2);
  CHECK(back.at(0).at("id").get<std::string>() == fresh);
  CHECK(back.at(0).at("primary").get<bool>());
  CHECK(back.at(1).at("standing").get<std::string>() == "retired");
  CHECK(has(here.succeeds(greet).out, "Hello, Ann!"));
  (void)here.succeeds("scale greeter=4");
  CHECK(keys_of(3).at(0).at("id").get<std::string>() == fresh);

  // By hand, from elsewhere: with a keyring of one's own.
  (void)here.succeeds("keys new mine");
  CHECK(here.troupe("keys new mine").code == 1);
  CHECK(here.succeeds("keys new").out.size() == 45);
  refused = here.troupe("--keyring mine keys use " + fresh);
  CHECK(refused.code != 0);
  CHECK(here.troupe("keys use nonsense").code == 2);
  CHECK(here.troupe("keys install nonsense").code == 2);
  CHECK(here.troupe("keys burn").code == 2);
  CHECK(here.troupe("keys use --compromised " + fresh).code == 2);
}

TEST_CASE("what became of a call is told by the node that made it") {
  const desk at;
  at.succeeds("up " + at.shop());
  for (const auto* node : {"inventory-1", "inventory-2"})
    at.succeeds(std::string("fault ") + node + " shop.Inventory --fail 100");
  at.succeeds(R"(call shop.Cart.add '{"user": "ann", "item": {"name": "tea", "count": 2}}' --on cart-1)");
  const auto failed = at.troupe(R"(call shop.Cart.checkout '{"user": "ann"}' --on cart-1)");
  CHECK(failed.code == 1);
  CHECK(has(failed.err, "\n  call: "));  // of the command's own call: the cart's are told by the cart's node

  const auto calls = at.succeeds("calls shop.Inventory --node cart-1 -o json").read().at("calls");
  REQUIRE(calls.size() >= 1);
  const auto name = calls.back().at("name").get<std::string>();
  CHECK(calls.back().at("method").get<std::string>() == "reserve");
  CHECK(has(at.succeeds("calls").out, name));
  const auto told = at.succeeds("explain " + name + " -o json").read();
  CHECK(told.at("from").get<std::string>() == "cart-1");
  CHECK(told.at("policy").get<std::string>() == "consistent_hash");  // as the IDL says
  CHECK(told.at("safety").get<std::string>() == "idempotent");
  CHECK(told.at("code").get<std::string>() == "INTERNAL");
  REQUIRE(told.at("attempts").size() >= 1);
  CHECK(told.at("attempts")[0].at("node").get<std::string>().starts_with("inventory-"));
  CHECK(told.at("attempts")[0].at("whatFollowed").get<std::string>() == "its answer is the call's");
  CHECK(has(at.succeeds("explain " + name).out, "WHY CHOSEN"));

  CHECK(at.troupe("explain " + name + " --node cart-2").code == 3);
  CHECK(at.troupe("explain " + name + " --method reserve").code == 2);
  const auto unknown = at.troupe("explain 0123456789abcdef-1000001");
  CHECK(unknown.code == 3);
  CHECK(has(unknown.err, "was made by none of the nodes that answer"));
  CHECK(at.succeeds("policy shop.Inventory round_robin").out.find("cart-1, cart-2, cart-3, inventory-1") ==
        0);
}

TEST_CASE("what cannot be done is said, by a code that does not change") {
  const desk at;
  CHECK(at.troupe("--help").code == 0);
  CHECK(has(at.troupe("call --help").out, "Examples:"));
  CHECK(at.troupe("").code == 2);
  CHECK(at.troupe("bogus").code == 2);
  CHECK(at.troupe("ps --bogus").code == 2);
  CHECK(at.troupe("up").code == 2);
  for (const auto* verb : {"ps", "members", "down", "kill greeter-1", "logs", "call hello.Greeter.greet"}) {
    const auto nothing = at.troupe(verb);
    CHECK(nothing.code == 3);
    CHECK(has(nothing.err, "no cluster is up here"));
  }
  CHECK(at.troupe("up nowhere").code == 4);
  at.folder().write("cluster.toml", "[[node]]\nname = 'a'\nrun = '/bin/false'\n");
  const auto died = at.troupe("up cluster.toml");
  CHECK(died.code == 4);
  CHECK(has(died.err, "a-1 has ended (exited with code 1)"));
  CHECK_FALSE(std::filesystem::exists(at.folder().path() / ".troupe"));

  at.succeeds("up " + at.hello());
  CHECK(at.troupe("kill nobody").code == 3);
  const auto slow = at.troupe("policy hello.Greeter fastest");
  CHECK(slow.code == 2);
  CHECK(has(slow.err, "\"fastest\" is no balancing policy. There are: dynamic_score, "));
  const auto slip = at.troupe("policy hello.Greeter dynamic_score --weight lod=1");
  CHECK(slip.code == 2);
  CHECK(has(slip.err, "\"lod\" is no term of the score. There are: barred, "));
  CHECK(at.troupe("policy hello.Nobody random").code == 3);
  CHECK(at.troupe("policy hello.Greeter random --node nobody").code == 3);
  CHECK(at.troupe("explain hello.Greeter --method wave").code == 3);
  CHECK(at.troupe("scale greeter=none").code == 2);
  CHECK(at.troupe("scale nobody=2").code == 3);
  CHECK(at.troupe("call greet").code == 2);
  const auto unknown = at.troupe("call hello.Nobody.greet");
  CHECK(unknown.code == 3);
  CHECK(has(unknown.err, "there are hello.Greeter, troupe.Admin"));
  CHECK(at.troupe("call hello.Greeter.wave").code == 3);
  const auto wrong = at.troupe("call hello.Greeter.greet '{\"nam\": \"Ann\"}'");
  CHECK(wrong.code == 2);
  CHECK(has(wrong.err, "there is no field 'nam'"));
  CHECK(has(wrong.err, "parameters: (name :Text)"));
  CHECK(at.troupe(std::string(greet) + " --on nobody").code == 3);
}
