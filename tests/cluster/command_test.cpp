// The command itself, as a person uses it, on examples/hello: what it prints, what it leaves, its exit codes.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>

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

  outcome troupe(const std::string& arguments) const {
    const auto out = here_.path() / "out";
    const auto err = here_.path() / "err";
    const auto status = std::system(("cd " + here_.path().string() + " && timeout 25 " + program_ + " " +
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

TEST_CASE("the command looks into a cluster, and gives its nodes orders") {
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
  const auto method = at.succeeds("describe hello.Greeter -o json").read().at("methods").front();
  CHECK(method.at("signature").get<std::string>() == "greet (name :Text) -> (greeting :Text, from :Text)");
  CHECK(method.at("safety").get<std::string>() == "readOnly");
  CHECK(method.at("timeoutMicros").get<int>() == 500'000);

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

  // From outside of the folder that has its state.
  const auto address = members[0].at("address").get<std::string>();
  CHECK(at.succeeds("members --cluster hello -o json --address " + address).read().at("members").size() == 2);

  at.succeeds("drain greeter-2");
  for (int i = 0; i < 500 && at.state_of("greeter-2") != "exited"; ++i) std::this_thread::sleep_for(10ms);
  CHECK(at.state_of("greeter-2") == "exited");
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
