// The witness of simulated clusters: each rule is broken by what breaks it, and by nothing else; first told
// by hand, then on whole clusters with a forger on the wire.
#include <cstdint>
#include <functional>
#include <memory>
#include <simulator/membership/cluster.hpp>
#include <simulator/membership/trial.hpp>
#include <simulator/membership/witness.hpp>
#include <string>
#include <utility>

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::simulator;
using membership::event_kind;
using membership::state;

namespace {

/// Two nodes that exist, and what the first one may say of the second.
struct hearing {
  hearing() : judge(16) {
    for (std::uint64_t node = 0; node < 3; ++node)
      judge.started(static_cast<std::uint32_t>(node), record(node, 1), at);
  }

  static membership::known_node record(std::uint64_t node, std::uint64_t epoch) {
    membership::known_node made;
    made.self = {node_id{node + 1}, {epoch}};
    made.who = membership::make_attributes("node-" + std::to_string(node), *parse_endpoint("10.0.0.1:7000"));
    made.incarnation = 3;
    made.mode = membership::mode::ready;
    return made;
  }
  static membership::event event(event_kind kind, state as, std::uint64_t incarnation = 3,
                                 std::uint64_t epoch = 1) {
    const auto real = record(1, epoch);
    membership::event made{kind, {}};
    made.subject.self = real.self;
    made.subject.name = real.who->name;
    made.subject.address = real.who->address;
    made.subject.incarnation = incarnation;
    made.subject.mode = real.mode;
    made.subject.state = as;
    return made;
  }
  void hear(const membership::event& what, witness::arrival how = witness::arrival::first) {
    judge.observe(0, what, how, why, at);
    at += 1s;
  }
  int rule() const { return judge.broken() ? judge.broken()->invariant : 0; }

  time_point at{1h};
  witness judge;
  circumstances why{never, true, 0s};
};

cluster_options calm_options() { return {.mode = *find_mode("ours"), .seed = 1}; }

}  // namespace

TEST_CASE("a whole life breaks no rule") {
  hearing of;
  of.hear(hearing::event(event_kind::joined, state::alive));
  of.hear(hearing::event(event_kind::suspected, state::suspect));
  of.judge.stopped(1, witness::ending::crashed, of.at);
  of.hear(hearing::event(event_kind::died, state::dead));
  of.judge.expect_known(1, 10s, of.at);
  of.hear(hearing::event(event_kind::forgotten, state::dead));
  CHECK(of.rule() == 0);
}

TEST_CASE("an incarnation that its owner never had breaks rule 1") {
  hearing of;
  of.hear(hearing::event(event_kind::joined, state::alive, 4));
  CHECK(of.rule() == 1);
}

TEST_CASE("a node that is dead, and alive again at the same incarnation, breaks rule 2") {
  hearing of;
  of.hear(hearing::event(event_kind::joined, state::alive));
  of.hear(hearing::event(event_kind::died, state::dead));
  of.hear(hearing::event(event_kind::refuted, state::alive));
  CHECK(of.rule() == 2);
}

TEST_CASE("an earlier life that comes back, after it had been forgotten, breaks rule 2") {
  hearing of;
  of.judge.stopped(1, witness::ending::crashed, of.at);
  of.judge.started(1, hearing::record(1, 2), of.at);
  of.hear(hearing::event(event_kind::joined, state::alive, 3, 2));
  of.judge.stopped(1, witness::ending::left, of.at);
  of.hear(hearing::event(event_kind::left, state::left, 3, 2));
  of.hear(hearing::event(event_kind::forgotten, state::left, 3, 2));
  of.hear(hearing::event(event_kind::joined, state::alive, 3, 1));
  CHECK(of.rule() == 2);
}

TEST_CASE("other attributes at the same incarnation break rule 3") {
  hearing of;
  auto wrong = hearing::event(event_kind::joined, state::alive);
  wrong.subject.mode = membership::mode::draining;
  of.hear(wrong);
  CHECK(of.rule() == 3);
}

TEST_CASE("a death without a fault breaks rule 4") {
  hearing of;
  of.why = {};
  of.hear(hearing::event(event_kind::joined, state::alive));
  of.hear(hearing::event(event_kind::died, state::dead));
  CHECK(of.rule() == 4);
}

TEST_CASE("a node that is gone and held alive breaks rules 5 and 6") {
  for (const int rule : {5, 6}) {
    hearing of;
    of.hear(hearing::event(event_kind::joined, state::alive));
    of.judge.stopped(1, witness::ending::crashed, of.at);
    rule == 5 ? of.judge.expect_agreement(10s, of.at) : of.judge.expect_known(1, 10s, of.at);
    CHECK(of.rule() == rule);
  }
}

TEST_CASE("a change that was no change, and one that nothing announced, break rule 9") {
  hearing of;
  of.hear(hearing::event(event_kind::joined, state::alive));
  of.hear(hearing::event(event_kind::joined, state::alive));
  CHECK(of.rule() == 9);
  hearing other;
  other.hear(hearing::event(event_kind::suspected, state::suspect));
  CHECK(other.rule() == 9);
}

TEST_CASE("a replay with an effect breaks rule 10") {
  hearing of;
  of.hear(hearing::event(event_kind::joined, state::alive));
  of.hear(hearing::event(event_kind::suspected, state::suspect), witness::arrival::replay);
  CHECK(of.rule() == 10);
}

TEST_CASE("a forger on the wire is caught by the rules") {
  const auto caught = [](const std::function<void(membership::packet&)>& forger) {
    cluster net(calm_options());
    net.start_together(8);
    net.run(2s);
    net.set_forger(forger);
    net.crash(3);
    net.publish(5, 2);
    net.run(60s);
    return net.seen_by_all().broken() ? net.seen_by_all().broken()->invariant : 0;
  };
  CHECK(caught([](membership::packet&) {}) == 0);
  CHECK(caught([](membership::packet& what) {
          for (auto& fact : what.updates)
            if (fact.state == state::suspect) fact.incarnation += 7;
        }) == 1);
  CHECK(caught([](membership::packet& what) {
          for (auto& fact : what.updates)
            if (fact.document) {
              auto other = *fact.document;
              other.zone = "elsewhere";
              fact.document = std::make_shared<const membership::registration>(std::move(other));
            }
        }) == 3);
  CHECK(caught([](membership::packet& what) {
          while (!what.updates.empty() && what.updates.size() < 30)
            what.updates.push_back(what.updates.front());
        }) == 7);
}

TEST_CASE("rule 5 and rule 9 are checked on whole clusters: one that cannot heal, one that is silent") {
  const auto read = parse_cluster_scenario(R"(
    nodes = 8
    lasts = "100s"
    settle = "30s"
    settings = { healing = 0, digests = 0, exchange_period = 3600 }
    fault = [{ kind = "cut", nodes = [0, 1, 2, 3], at = "1s", lasts = "90s" }]
  )",
                                           "test.toml");
  REQUIRE_MESSAGE(read, (read ? "" : read.error().text));
  const auto came = play(read->front(), *find_mode("ours"), 1);
  REQUIRE(came.broken);
  CHECK(came.broken->invariant == 5);

  cluster net(calm_options());
  net.start_together(4);
  net.run(1s);
  witness other(16);
  for (std::uint32_t node = 0; node < 4; ++node) other.started(node, net.brain(node).self(), net.now());
  other.compare(0, net.brain(0), net.now());
  REQUIRE(other.broken());
  CHECK(other.broken()->invariant == 9);
}
