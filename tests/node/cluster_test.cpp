// Nodes of one process that live and die together: joining, draining, taking over, failing over.
#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/admin.troupe.hpp>

#include "service/lab.hpp"

using namespace troupe;
using lab::eventually;

namespace {

/// Two nodes that serve the same, and one that calls.
struct trio {
  trio() {
    for (const auto* name : {"one", "two"}) {
      auto options = lab::options_of(name);
      if (!servers.empty()) options.join = {lab::address_of(*servers[0])};
      servers.push_back(std::make_unique<node>(options));
      lab::host_bench(*servers.back(), told);
    }
    caller = std::make_unique<node>(lab::options_of("caller", {lab::address_of(*servers[0])}));
    REQUIRE(eventually([&] { return lab::servers_known(*caller, "lab.Bench") == 2; }));
    bench = std::make_unique<client<lab::Bench>>(caller->client<lab::Bench>());
    // Every link is up before a test begins.
    for (const auto& each : servers)
      REQUIRE(eventually([&] { return static_cast<bool>(bench->echo("x").on(each->self().node).wait()); }));
    told->executed = 0;
  }
  node& named(const std::string& name) { return *servers[name == "one" ? 0 : 1]; }

  std::shared_ptr<lab::notes> told = std::make_shared<lab::notes>();
  std::vector<std::unique_ptr<node>> servers;
  std::unique_ptr<node> caller;
  std::unique_ptr<client<lab::Bench>> bench;
};

struct outcome {
  code how = code::ok;
  std::string node, call_id, text;
  unsigned attempt = 0;
};

template <class Reply>
outcome outcome_of(const Reply& reply) {
  if (!reply) return {.how = reply.error().code, .text = reply.error().explain()};
  const auto facts = reply->getFacts();
  return {code::ok, facts.getNode().cStr(), facts.getCallId().cStr(), "", facts.getAttempt()};
}

template <class Call>
std::future<outcome> begin(Call call) {
  auto promise = std::make_shared<std::promise<outcome>>();
  auto future = promise->get_future();
  std::move(call).then([promise](auto reply) { promise->set_value(outcome_of(reply)); });
  return future;
}

}  // namespace

TEST_CASE("twelve nodes of one process all come to know each other, and leave again") {
  std::vector<std::unique_ptr<node>> nodes;
  for (int i = 0; i < 12; ++i) {
    auto options = lab::options_of("n" + std::to_string(i));
    options.pool_threads = 1;
    if (i > 0) options.join = {lab::address_of(*nodes[0])};
    nodes.push_back(std::make_unique<node>(options));
  }
  const auto all_know = [&](std::size_t count) {
    for (const auto& each : nodes)
      if (lab::servers_known(*each, "troupe.Admin") != count) return false;
    return true;
  };
  CHECK(eventually([&] { return all_know(12); }));
  nodes.resize(9);
  CHECK(eventually([&] { return all_know(9); }));
}

TEST_CASE("joining nobody fails within its limit, and says what to check") {
  auto gone = transport::listen_on(*parse_endpoint("127.0.0.1:0"));
  const auto nowhere = to_string(gone->bound);
  gone = error{code::unknown, ""};
  const auto began = std::chrono::steady_clock::now();
  try {
    (void)node::join(nowhere, lab::options_of("lonely"));
    FAIL("it joined");
  } catch (const start_error& problem) {
    CHECK(problem.code() == code::unavailable);
    CHECK(
        std::string(problem.what()).find("nobody answers at " + nowhere + " as a member of cluster 'lab'") ==
        0);
  }
  CHECK(std::chrono::steady_clock::now() - began < 15s);
}

TEST_CASE("a node does not start on a port in use, nor with options that make no sense") {
  const node first(lab::options_of("first"));
  auto options = lab::options_of("second");
  options.listen = lab::address_of(first);
  CHECK_THROWS_WITH_AS(node{options}, doctest::Contains("is in use by another program"), start_error);
  options.listen = "nonsense";
  CHECK_THROWS_WITH_AS(node{options}, doctest::Contains("option listen"), start_error);
}

TEST_CASE("nodes of another cluster are refused, and the cluster does not notice") {
  node here(lab::options_of("here"));
  auto foreign = lab::options_of("foreign", {lab::address_of(here)});
  foreign.cluster = "elsewhere";
  node other(foreign);
  const auto admin = here.client<admin::Admin>();
  CHECK(eventually([&] {
    const auto links = admin.links().on(here.self().node).wait();
    if (!links) return false;
    for (const auto counter : links->getCounters())
      if (counter.getName() == "hellos_refused" && counter.getValue() > 0) return true;
    return false;
  }));
  CHECK_FALSE(other.joined());
  CHECK(here.members().size() == 1);
}

TEST_CASE("an observer sees the cluster, calls into it, and is not a member") {
  trio all;
  auto options = lab::options_of("", {lab::address_of(*all.caller)});
  options.role = gossip::role::observer;
  node tool(options);
  REQUIRE(eventually([&] { return lab::servers_known(tool, "lab.Bench") == 2; }));
  CHECK(tool.client<lab::Bench>().echo("x").wait());
  CHECK(all.caller->members().size() == 3);
  CHECK_THROWS_AS(lab::host_bench(tool, all.told), start_error);
}

TEST_CASE("a safe call fails over when its link breaks, under the same call id") {
  trio all;
  auto pending = begin(all.bench->hold());
  REQUIRE(eventually([&] { return all.told->executed == 1; }));
  const auto first = all.told->last_node();
  REQUIRE(lab::cut_links_to(all.named(first).address()) > 0);
  REQUIRE(eventually([&] { return all.told->executed == 2; }));
  all.told->release = true;
  const auto ended = pending.get();
  REQUIRE_MESSAGE(ended.how == code::ok, ended.text);
  CHECK(ended.node != first);
  CHECK(ended.attempt == 2);
  const std::lock_guard lock(all.told->mutex);
  CHECK(all.told->executions.size() == 1);
  CHECK(all.told->attempts[0].first == ended.call_id);
  CHECK(all.told->attempts[0].second == 1);
  CHECK(all.told->attempts[1].second == 2);
}

TEST_CASE("an unsafe call whose link breaks fails as UNAVAILABLE and is executed once") {
  trio all;
  std::vector<std::future<outcome>> pending;
  for (int i = 0; i < 30; ++i) pending.push_back(begin(all.bench->charge(1)));
  REQUIRE(eventually([&] { return all.told->executed == 30; }));
  REQUIRE(lab::cut_links_to(all.named("one").address()) > 0);
  std::this_thread::sleep_for(50ms);
  all.told->release = true;
  int failed = 0;
  for (auto& each : pending) {
    const auto ended = each.get();
    if (ended.how == code::ok) continue;
    ++failed;
    CHECK(ended.how == code::unavailable);
    CHECK(ended.text.find("lab.Bench.charge UNAVAILABLE after 1 attempt") == 0);
  }
  CHECK(failed > 0);
  CHECK(failed < 30);
  const std::lock_guard lock(all.told->mutex);
  CHECK(all.told->executions.size() == 30);
  for (const auto& [id, times] : all.told->executions) CHECK(times == 1);
}

TEST_CASE("links that keep breaking fail no safe call") {
  trio all;
  all.told->release = true;
  std::atomic<bool> over{false};
  std::thread vandal([&] {
    for (int i = 0; !over; ++i) {
      (void)lab::cut_links_to(all.servers[static_cast<std::size_t>(i % 2)]->address());
      std::this_thread::sleep_for(150ms);
    }
  });
  int failed = 0;
  const auto end = std::chrono::steady_clock::now() + 2s;
  while (std::chrono::steady_clock::now() < end) {
    const auto reply = all.bench->echo("x").wait();
    if (!reply) MESSAGE(reply.error().explain());
    failed += reply ? 0 : 1;
  }
  over = true;
  vandal.join();
  CHECK(failed == 0);
}

TEST_CASE("a draining node finishes what it has while new calls go elsewhere") {
  trio all;
  auto slow = begin(all.bench->hold().on(all.servers[0]->self().node));
  REQUIRE(eventually([&] { return all.told->executed == 1; }));
  auto stopped = std::async(std::launch::async, [&] { return all.servers[0]->stop(); });
  int here = 0;
  REQUIRE(eventually([&] {
    const auto reply = all.bench->echo("x").wait();
    REQUIRE_MESSAGE(reply, reply.error().explain());
    here = reply->getNode() == "two" ? here + 1 : 0;
    return here > 50;
  }));
  CHECK(stopped.wait_for(0s) == std::future_status::timeout);
  all.told->release = true;
  const auto ended = slow.get();
  CHECK_MESSAGE(ended.how == code::ok, ended.text);
  CHECK(ended.node == "one");
  CHECK(stopped.get() == 0);
  CHECK(all.bench->echo("x").wait());
  CHECK(eventually([&] { return lab::servers_known(*all.caller, "lab.Bench") == 1; }));
}

TEST_CASE("stopping ends what does not end by itself, with an error") {
  const auto told = std::make_shared<lab::notes>();
  auto options = lab::options_of("server");
  options.drain_limit = 50ms;
  node server(options);
  lab::host_bench(server, told);
  node caller(lab::options_of("caller", {lab::address_of(server)}));
  REQUIRE(eventually([&] { return lab::servers_known(caller, "lab.Bench") == 1; }));
  const auto bench = caller.client<lab::Bench>();
  auto from_outside = begin(bench.charge(1));
  auto from_inside = begin(server.client<lab::Bench>().charge(2));
  REQUIRE(eventually([&] { return told->executed == 2; }));
  CHECK(server.stop() == 2);
  const auto ended = from_outside.get();
  CHECK(ended.how != code::ok);
  CHECK(from_inside.get().how != code::ok);
  CHECK(told->destroyed == 1);
  CHECK(server.client<lab::Bench>().echo("too late").wait().error().text == "this node has stopped");
  // And the caller's own end ends its calls.
  auto nobody = begin(bench.charge(3));
  (void)caller.stop();
  CHECK(nobody.get().how != code::ok);
}

TEST_CASE("a second process of the same name takes over, and the first is asked to stop") {
  node seed(lab::options_of("seed"));
  const auto old_notes = std::make_shared<lab::notes>();
  auto first = std::make_unique<node>(lab::options_of("twin", {lab::address_of(seed)}));
  lab::host_bench(*first, old_notes);
  std::promise<std::string> asked;
  first->when_asked_to_stop([&](const std::string& why) { asked.set_value(why); });
  const auto bench = seed.client<lab::Bench>();
  REQUIRE(eventually([&] { return static_cast<bool>(bench.echo("x").wait()); }));
  const auto new_notes = std::make_shared<lab::notes>();
  node second(lab::options_of("twin", {lab::address_of(seed)}));
  lab::host_bench(second, new_notes);
  auto why = asked.get_future();
  REQUIRE(why.wait_for(30s) == std::future_status::ready);
  CHECK(why.get() == "another process has taken the name 'twin'");
  first.reset();
  CHECK(eventually([&] { return bench.echo("x").wait() && new_notes->executed > 0; }));
  CHECK(lab::servers_known(seed, "lab.Bench") == 1);
  CHECK(seed.members().size() == 2);
}

TEST_CASE("a node whose workers are all stuck is seen so by the others, and well again afterwards") {
  auto told = std::make_shared<lab::notes>();
  auto options = lab::options_of("stuck");
  options.pool_threads = 2;
  node stuck(options);
  for (const auto* name : {"one", "two"})
    lab::host_bench(stuck, told, {.runs_on = placement::pool, .as = name});
  node other(lab::options_of("other", {lab::address_of(stuck)}));
  REQUIRE(eventually([&] { return lab::servers_known(other, "one") == 1; }));
  const auto seen = [&] {
    for (const auto& each : other.members())
      if (each.name == "stuck" && each.state == membership::state::alive) return int{each.worker_lag};
    return -1;
  };
  CHECK(seen() == 0);
  const auto block = [&](const char* service) {
    other.client<lab::Bench>(service).block(lab::bench::until_released).within(1min).then([](auto) {});
  };
  // One of two is no trouble: the other one takes what comes.
  block("one");
  REQUIRE(eventually([&] { return told->inside == 1; }));
  std::this_thread::sleep_for(1s);
  CHECK(seen() == 0);
  block("two");
  REQUIRE(eventually([&] { return told->inside == 2; }));
  CHECK(eventually([&] { return seen() >= 1; }, 10s));
  CHECK(eventually([&] { return seen() >= 2; }, 10s));
  told->release = true;
  CHECK(eventually([&] { return seen() == 0; }, 20s));
}

TEST_CASE("the admin service tells all about its node") {
  trio all;
  auto& one = *all.servers[0];
  const auto id = one.self().node;
  const auto admin = all.caller->client<admin::Admin>();
  const auto self = admin.node().on(id).wait();
  REQUIRE(self);
  CHECK(self->getNode().getName() == "one");
  CHECK(self->getNode().getCluster() == "lab");
  CHECK(self->getNode().getId() == id.value);
  CHECK(self->getNode().getAddress() == lab::address_of(one));
  CHECK(self->getNode().getPid() == static_cast<std::uint32_t>(::getpid()));
  CHECK(self->getNode().getVersion().size() > 0);
  const auto members = admin.members().on(id).wait();
  REQUIRE(members);
  REQUIRE(members->getMembers().size() == 3);
  for (const auto member : members->getMembers()) CHECK(member.getState() == "alive");
  const auto services = admin.services().on(id).wait();
  REQUIRE(services);
  CHECK(services->getServices().size() == 2);
  const auto described = admin.describe("lab.Bench").on(id).wait();
  REQUIRE(described);
  CHECK(described->getInterfaceId() == lab::BenchService::descriptor().id);
  CHECK(described->getNodes().size() > 20);
  CHECK(admin.describe("lab.Nothing").on(id).wait().error().code == code::not_found);
  const auto explained = admin.explain("lab.Bench", admin::ANY_METHOD).on(all.caller->self().node).wait();
  REQUIRE(explained);
  CHECK(explained->getExplanation().getCandidates().size() == 2);
  CHECK(explained->getExplanation().getCandidates()[0].getTerms().size() > 2);
  CHECK(admin.explain("lab.Nothing", admin::ANY_METHOD).on(id).wait().error().code == code::not_found);
  const auto links = admin.links().on(id).wait();
  REQUIRE(links);
  CHECK(links->getLinks().size() >= 1);
  CHECK(links->getCounters().size() > 20);
  CHECK(admin.explainCall("nonsense").on(id).wait().error().code == code::invalid_argument);
  const auto past = admin.events(0).on(id).wait();
  REQUIRE(past);
  REQUIRE(past->getEvents().size() >= 2);
  CHECK(past->getEvents().size() == past->getLast());
  std::uint64_t number = 0;
  std::set<std::string> joined;
  for (const auto event : past->getEvents()) {
    CHECK(event.getNumber() == ++number);
    if (event.getKind() == "joined") joined.insert(event.getName().cStr());
  }
  CHECK(joined == std::set<std::string>{"two", "caller"});
  CHECK(admin.events(past->getLast()).on(id).wait()->getEvents().size() == 0);
}

TEST_CASE("the admin service steers its node: policies, seeds, and when it is to stop") {
  trio all;
  auto& one = *all.servers[0];
  const auto id = one.self().node;
  const auto admin = all.caller->client<admin::Admin>();
  CHECK(admin.fault("lab.Bench", 0, 0).on(id).wait().error().code == code::failed_precondition);
  const auto set_policy = [&](const char* service, const char* name) {
    return admin
        .policy([&](auto to) {
          to.setService(service);
          to.setName(name);
        })
        .on(id)
        .wait();
  };
  CHECK(set_policy("lab.Bench", "round_robin"));
  CHECK(set_policy("lab.Bench", "best").error().code == code::invalid_argument);
  CHECK(set_policy("lab.Nothing", "random").error().code == code::not_found);
  const auto join = [&](const char* seed) {
    return admin.join([&](auto to) { to.initSeeds(1).set(0, seed); }).on(id).wait();
  };
  CHECK(join("nonsense").error().code == code::invalid_argument);
  std::promise<std::string> asked;
  one.when_asked_to_stop([&](const std::string& why) { asked.set_value(why); });
  CHECK(admin.drain("for the night").on(id).wait());
  CHECK(asked.get_future().get() == "caller asked for it: for the night");
}

namespace {

/// Whoever has the last name.
class last_by_name final : public balance::policy {
 public:
  explicit last_by_name(std::atomic<bool>& gone) : gone_(gone) {}
  ~last_by_name() override { gone_ = true; }
  std::string_view name() const override { return "last_by_name"; }
  balance::preference pick(const balance::candidates& among, const balance::request&,
                           random_source&) override {
    const auto& everyone = among.everyone();
    return {*std::max_element(among.begin(), among.end(), [&](auto a, auto b) {
      return everyone.facts(a).name < everyone.facts(b).name;
    })};
  }

 private:
  std::atomic<bool>& gone_;
};

}  // namespace

TEST_CASE("a node chooses by a policy of its program's, until another one takes its place") {
  trio all;
  const auto& bench = *all.bench;
  std::atomic<bool> gone{false};
  REQUIRE(all.caller->use_policy<lab::Bench>(std::make_unique<last_by_name>(gone)));
  CHECK(all.caller->explain("lab.Bench")->policy == "last_by_name");
  CHECK_FALSE(all.caller->use_policy<lab::Bench>(nullptr));
  for (int i = 0; i < 10; ++i) {
    const auto reply = bench.echo("x").wait();
    REQUIRE(reply);
    CHECK(reply->getNode() == "two");  // after "one"
  }

  // A call that fails is known by its name, as its error has it.
  const auto declined = bench.fail("code").wait();
  REQUIRE_FALSE(declined);
  REQUIRE_FALSE(declined.error().call.empty());
  CHECK(declined.error().explain().find("\n  call: " + declined.error().call) != std::string::npos);
  const auto told = all.caller->explain_call(declined.error().call);
  REQUIRE(told);
  CHECK(told->policy == "last_by_name");
  REQUIRE(told->attempts().size() == 1);
  CHECK(told->attempts()[0].name == declined.error().attempts[0].node);
  CHECK(all.caller->explain_call("nonsense").error().code == code::invalid_argument);
  CHECK(all.caller->explain_call("0123456789abcdef-1").error().code == code::not_found);

  REQUIRE(all.caller->set_policy("lab.Bench", balance::policy_kind::dynamic_score, {{"load", .7}}));
  CHECK(gone);
  CHECK_FALSE(all.caller->set_policy("lab.Bench", balance::policy_kind::dynamic_score, {{"lod", .7}}));
}

TEST_CASE("injected faults slow and fail a service where they are allowed, until they are ended") {
  auto options = lab::options_of("server");
  options.faults = fault_injection::allowed;
  node server(options);
  const auto told = std::make_shared<lab::notes>();
  lab::host_bench(server, told);
  const auto admin = server.client<admin::Admin>();
  const auto bench = server.client<lab::Bench>();
  CHECK(admin.fault("lab.Nothing", 1, 1).wait().error().code == code::not_found);
  CHECK(admin.fault("lab.Bench", 0, 101).wait().error().code == code::invalid_argument);
  REQUIRE(admin.fault("lab.Bench", 80'000, 0).wait());
  const auto began = std::chrono::steady_clock::now();
  CHECK(bench.echo("x").wait());
  CHECK(std::chrono::steady_clock::now() - began >= 80ms);
  REQUIRE(admin.fault("lab.Bench", 0, 100).wait());
  told->executed = 0;
  CHECK(bench.echo("x").wait().error().code == code::internal);
  CHECK(told->executed == 0);
  REQUIRE(admin.fault("lab.Bench", 0, 0).wait());
  CHECK(eventually([&] { return static_cast<bool>(bench.echo("x").wait()); }));
}
