// Processes of this machine under a cluster's names: started, signalled, ended, and never mistaken. The
// programs are shell scripts: nothing here asks whether a node serves.
#include "local_cluster/local_cluster.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "local_cluster/cluster_state.hpp"
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
bool soon(Condition holds, std::chrono::milliseconds within = 5s) {
  for (const auto end = std::chrono::steady_clock::now() + within; std::chrono::steady_clock::now() < end;) {
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

namespace {

/// A cluster of three sleepers.
struct three_replicas {
  three_replicas() {
    REQUIRE(made);
    nodes = made->nodes();
    REQUIRE(nodes.size() == 3);
    const auto expected = "--name one-2 --cluster test --listen " + nodes[1].address + " --join " +
                          nodes[0].address + " --join " + nodes[2].address +
                          " --log-level warn --allow-faults true --shard 2/3\n";
    REQUIRE(soon([&] { return content_of(nodes[1].log) == expected; }));
  }

  scratch_folder here;
  cluster_file file = file_of(here.write_program("program", sleeper), 3, {"--shard", "{n}/{replicas}"});
  std::filesystem::path state = here.path() / "state";
  troupe::result<local_cluster> made = local_cluster::up(file, {state, lifetime::bound, "warn"});
  std::vector<node_status> nodes;
};

}  // namespace

TEST_CASE("each replica is started under its name and address, with the others as seeds") {
  const three_replicas it;
  CHECK(it.made->addresses().size() == 3);
  const auto& second = it.nodes[1];
  CHECK(second.name == "one-2");
  CHECK(second.state == process_state::running);
  CHECK(second.address != it.nodes[0].address);
}

TEST_CASE("a cluster that goes down leaves nothing") {
  three_replicas it;
  const auto forced = it.made->down(10s);
  REQUIRE(forced);
  CHECK(forced->empty());
  for (const auto& node : it.nodes) CHECK(look_at(node.process).state == process_state::exited);
  CHECK_FALSE(std::filesystem::exists(it.state));
  CHECK(it.made->nodes().empty());
}

TEST_CASE("another object stands for the same cluster") {
  three_replicas it;
  auto other = local_cluster::open(it.state);
  REQUIRE(other);
  CHECK(other->name() == "test");
  REQUIRE(other->kill("one-1", SIGKILL));
  const auto killed = it.made->find("one-1");
  REQUIRE(killed);
  CHECK(killed->state == process_state::exited);
  CHECK(killed->ending == "killed by SIGKILL");
  CHECK(it.made->addresses().size() == 2);

  const auto again = it.made->kill("one-1", SIGTERM);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == troupe::code::failed_precondition);
  REQUIRE(it.made->restart("one-1"));
  CHECK(other->find("one-1")->state == process_state::running);
  CHECK(other->find("one-1")->address == it.nodes[0].address);
}

TEST_CASE("a second cluster does not take the place of one that is up") {
  const three_replicas it;
  const auto refused = local_cluster::up(it.file, {it.state, lifetime::bound});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == troupe::code::already_exists);
  CHECK(it.made->addresses().size() == 3);
}

TEST_CASE("replicas come and go") {
  three_replicas it;
  const auto added = it.made->add("one");
  REQUIRE(added);
  CHECK(*added == "one-4");
  CHECK(
      soon([&] { return content_of(it.made->find("one-4")->log).find("--shard 4/4") != std::string::npos; }));
  REQUIRE(it.made->remove("one-4"));
  CHECK_FALSE(it.made->find("one-4"));
  CHECK(it.made->groups().front().replicas == 3);
  const auto nobody = it.made->add("two");
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().text == "cluster test has no group 'two'; there are one");
}

TEST_CASE("a paused replica is asked last, and still ends") {
  three_replicas it;
  REQUIRE(it.made->pause("one-1"));
  CHECK(soon([&] { return it.made->find("one-1")->state == process_state::paused; }));
  CHECK(it.made->addresses() == std::vector{it.nodes[1].address, it.nodes[2].address, it.nodes[0].address});
  const auto forced = it.made->down(10s);
  REQUIRE(forced);
  CHECK(forced->empty());
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

TEST_CASE("a process hears neither the ^C of the terminal it was started from nor its end") {
  const scratch_folder here;
  const process_order order{here.write_program("program", sleeper), {}, here.path() / "log"};
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  int terminal = -1;
  const auto command = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  REQUIRE(command >= 0);
  if (command == 0) {
    ::signal(SIGINT, SIG_DFL);
    const auto started = start_process(order);
    const auto told = started ? *started : process_id{};
    (void)!::write(ends[1], &told, sizeof told);
    ::pause();
    ::_exit(0);
  }
  ::close(ends[1]);
  process_id process;
  REQUIRE(::read(ends[0], &process, sizeof process) == sizeof process);
  constexpr char interrupt = 3;
  REQUIRE(::write(terminal, &interrupt, 1) == 1);
  int status = 0;
  REQUIRE(::waitpid(command, &status, 0) == command);
  CHECK(WTERMSIG(status) == SIGINT);
  ::close(terminal);
  ::close(ends[0]);
  CHECK_FALSE(soon([&] { return look_at(process).state == process_state::exited; }, 100ms));
  CHECK(send_signal(process, SIGKILL));
}

TEST_CASE("the state of a cluster comes back as it was written") {
  const scratch_folder here;
  cluster_state state{"shop",
                      "warn",
                      lifetime::bound,
                      {{"cart", "/bin/cart", 2, {"--note", "a \"quoted\"\n"}}},
                      {"shop.Cart:policy=random"},
                      {}};
  state.nodes.push_back({"cart-2", "cart", 2, 65535, {4321, 9'007'199'254'740'993u}, -1, "killed"});
  REQUIRE(save_state(here.path(), state));
  const auto read = load_state(here.path());
  REQUIRE(read);
  CHECK(read->cluster == "shop");
  CHECK(read->log_level == "warn");
  CHECK(read->lifetime == lifetime::bound);
  REQUIRE(read->groups.size() == 1);
  CHECK(read->groups[0].program == "/bin/cart");
  CHECK(read->groups[0].replicas == 2);
  CHECK(read->groups[0].arguments == state.groups[0].arguments);
  CHECK(read->services == state.services);
  REQUIRE(read->nodes.size() == 1);
  CHECK(read->nodes[0].name == "cart-2");
  CHECK(read->nodes[0].port == 65535);
  CHECK(read->nodes[0].process.pid == 4321);
  CHECK(read->nodes[0].process.started == 9'007'199'254'740'993u);
  CHECK(read->nodes[0].started_micros == -1);
  CHECK(read->nodes[0].ending == "killed");

  state.cluster = "\xff";
  CHECK(save_state(here.path(), state).error().code == troupe::code::invalid_argument);
  CHECK(load_state(here.path())->cluster == "shop");
}

TEST_CASE("a state that was tampered with is refused, naming the field") {
  const scratch_folder here;
  cluster_state state{"shop", "warn", lifetime::bound, {{"cart", "/bin/cart", 2, {"--x"}}}, {}};
  state.nodes.push_back({"cart-1", "cart", 1, 7000, {4321, 1}, 1, ""});
  REQUIRE(save_state(here.path(), state));
  const auto good = nlohmann::ordered_json::parse(content_of(here.path() / "state.json"));
  const auto refusal = [&](const std::string& text) {
    here.write("state.json", text);
    const auto read = load_state(here.path());
    REQUIRE_FALSE(read);
    CHECK(read.error().code == troupe::code::data_loss);
    return read.error().text;
  };
  const auto spoiled = [&](const char* field, const nlohmann::ordered_json& value) {
    CAPTURE(field);
    auto bad = good;
    bad.at(nlohmann::ordered_json::json_pointer(field)) = value;
    return refusal(bad.dump());
  };
  const auto names = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  CHECK(names(refusal("{\"cluster\":}"), "line 1"));
  CHECK(names(refusal(""), "cannot be read"));
  CHECK(names(refusal("[]"), "cluster is missing"));
  CHECK(names(refusal("7"), "cluster is missing"));
  CHECK(names(refusal("{\"cluster\": \"shop\"}"), "logLevel is missing"));
  CHECK(names(spoiled("/bound", 1), "bound is not what"));
  CHECK(names(spoiled("/groups", "none"), "groups is not what"));
  CHECK(names(spoiled("/groups/0/arguments", {"a", 1}), "groups[0].arguments is not what"));
  CHECK(names(spoiled("/groups/0/replicas", -1), "groups[0].replicas is not what"));
  CHECK(names(spoiled("/nodes/0", "cart-1"), "nodes[0].name is missing"));
  CHECK(names(spoiled("/nodes/0/port", 65536), "nodes[0].port is not what"));
  CHECK(names(spoiled("/nodes/0/pid", 1e30), "nodes[0].pid is not what"));
}
