// Processes of this machine under a cluster's names: started, signalled, ended, and never mistaken. The
// programs are shell scripts: nothing here asks whether a node serves.
#include "local_cluster/local_cluster.hpp"

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <unistd.h>

#include "local_cluster/json.hpp"
#include "scratch_folder.hpp"

using namespace troupe::local;
using namespace std::chrono_literals;

namespace {

constexpr const char* sleeper = "echo \"$@\"\nexec sleep 60\n";
constexpr const char* stubborn = "trap '' TERM\necho up\nwhile :; do sleep 0.02; done\n";

std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

template <class Condition>
bool soon(Condition holds) {
  for (const auto end = std::chrono::steady_clock::now() + 5s; std::chrono::steady_clock::now() < end;) {
    if (holds()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

cluster_file file_of(const std::filesystem::path& program, unsigned replicas,
                     std::vector<std::string> arguments = {}) {
  return {"test", {{"one", program, replicas, std::move(arguments)}}};
}

}  // namespace

TEST_CASE("each replica is started under its name and address, with the others as seeds") {
  const scratch_folder here;
  const auto file = file_of(here.write_program("program", sleeper), 3, {"--shard", "{n}/{replicas}"});
  auto made = local_cluster::up(file, {here.path() / "state", lifetime::bound, "warn"});
  REQUIRE(made);
  const auto nodes = made->nodes();
  REQUIRE(nodes.size() == 3);
  CHECK(made->addresses().size() == 3);
  const auto& second = nodes[1];
  CHECK(second.name == "one-2");
  CHECK(second.state == process_state::running);
  CHECK(second.address != nodes[0].address);
  const auto expected = "--name one-2 --cluster test --listen " + second.address + " --join " +
                        nodes[0].address + " --join " + nodes[2].address +
                        " --log-level warn --allow-faults true --shard 2/3\n";
  CHECK(soon([&] { return content_of(second.log) == expected; }));

  SUBCASE("going, it leaves nothing") {
    const auto forced = made->down(10s);
    REQUIRE(forced);
    CHECK(forced->empty());
    for (const auto& node : nodes) CHECK(look_at(node.process).state == process_state::exited);
    CHECK_FALSE(std::filesystem::exists(here.path() / "state"));
    CHECK(made->nodes().empty());
  }
  SUBCASE("another object stands for the same cluster") {
    auto other = local_cluster::open(here.path() / "state");
    REQUIRE(other);
    CHECK(other->name() == "test");
    REQUIRE(other->kill("one-1", SIGKILL));
    const auto killed = made->find("one-1");
    REQUIRE(killed);
    CHECK(killed->state == process_state::exited);
    CHECK(killed->ending == "killed by SIGKILL");
    CHECK(made->addresses().size() == 2);

    const auto again = made->kill("one-1", SIGTERM);
    REQUIRE_FALSE(again);
    CHECK(again.error().code == troupe::code::failed_precondition);
    REQUIRE(made->restart("one-1"));
    CHECK(other->find("one-1")->state == process_state::running);
    CHECK(other->find("one-1")->address == nodes[0].address);
  }
  SUBCASE("a second cluster does not take its place") {
    const auto refused = local_cluster::up(file, {here.path() / "state", lifetime::bound});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == troupe::code::already_exists);
    CHECK(made->addresses().size() == 3);
  }
  SUBCASE("replicas come and go") {
    const auto added = made->add("one");
    REQUIRE(added);
    CHECK(*added == "one-4");
    CHECK(
        soon([&] { return content_of(made->find("one-4")->log).find("--shard 4/4") != std::string::npos; }));
    REQUIRE(made->remove("one-4"));
    CHECK_FALSE(made->find("one-4"));
    CHECK(made->groups().front().replicas == 3);
    const auto nobody = made->add("two");
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().text == "cluster test has no group 'two'; there are one");
  }
  SUBCASE("a paused one is asked last, and still ends") {
    REQUIRE(made->pause("one-1"));
    CHECK(soon([&] { return made->find("one-1")->state == process_state::paused; }));
    CHECK(made->addresses() == std::vector{nodes[1].address, nodes[2].address, nodes[0].address});
    const auto forced = made->down(10s);
    REQUIRE(forced);
    CHECK(forced->empty());
  }
}

TEST_CASE("what does not end in time is killed, and named") {
  const scratch_folder here;
  auto made = local_cluster::up(file_of(here.write_program("program", stubborn), 1),
                                {here.path() / "s", lifetime::bound});
  REQUIRE(made);
  REQUIRE(soon([&] { return content_of(made->nodes()[0].log) == "up\n"; }));
  const auto process = made->nodes()[0].process;
  const auto forced = made->down(100ms);
  REQUIRE(forced);
  CHECK(*forced == std::vector<std::string>{"one-1"});
  CHECK(look_at(process).state == process_state::exited);
}

TEST_CASE("how a process ended is known to whoever started it, and stays known") {
  const scratch_folder here;
  auto made = local_cluster::up(file_of(here.write_program("program", "exit 3\n"), 1),
                                {here.path() / "s", lifetime::bound});
  REQUIRE(made);
  REQUIRE(soon([&] { return made->nodes()[0].state == process_state::exited; }));
  CHECK(made->nodes()[0].ending == "exited with code 3");
  CHECK(made->nodes()[0].ending == "exited with code 3");
}

TEST_CASE("a bound cluster ends with its object, and with a program that cannot start nothing is left") {
  const scratch_folder here;
  process_id process;
  {
    auto made = local_cluster::up(file_of(here.write_program("program", sleeper), 1),
                                  {here.path() / "s", lifetime::bound});
    REQUIRE(made);
    process = made->nodes()[0].process;
  }
  CHECK(look_at(process).state == process_state::exited);
  CHECK_FALSE(std::filesystem::exists(here.path() / "s"));

  auto file = file_of(here.path() / "program", 2);
  file.groups.push_back({"two", here.write("no_program", ""), 1, {}});
  const auto failed = local_cluster::up(file, {here.path() / "s", lifetime::bound});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().text.find("no_program: exec: Permission denied") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(here.path() / "s"));
}

TEST_CASE("a process that has another one's number is not signalled") {
  const scratch_folder here;
  const auto started = start_process({here.write_program("program", sleeper), {}, here.path() / "log"});
  REQUIRE(started);
  auto other = *started;
  ++other.started;
  CHECK_FALSE(send_signal(other, SIGKILL));
  CHECK(look_at(other).state == process_state::exited);
  CHECK(look_at(*started).state == process_state::running);
  CHECK(send_signal(*started, SIGKILL));
  CHECK(soon([&] { return look_at(*started).state == process_state::exited; }));
}

TEST_CASE("JSON comes back as it was written") {
  const json written = json::object{{"text", "a \"quoted\"\n line"},
                                    {"number", 9007199254740991},
                                    {"fraction", -0.25},
                                    {"flags", json::array{true, false, json()}},
                                    {"empty", json::array{}}};
  CHECK(
      written.compact() ==
      R"({"text":"a \"quoted\"\n line","number":9007199254740991,"fraction":-0.25,"flags":[true,false,null],"empty":[]})");
  const auto read = parse_json(written.pretty());
  REQUIRE(read);
  CHECK(read->compact() == written.compact());
  CHECK((*read)["absent"]["deeper"].is_null());
  CHECK_FALSE(parse_json("{\"a\":}"));
}
