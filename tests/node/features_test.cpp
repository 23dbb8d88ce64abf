// Two releases on one link: a node that lacks a feature beside one that has it, both ways.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <capnp/message.h>
#include <doctest/doctest.h>

#include <troupe/admin.troupe.hpp>
#include <troupe/wire/features.hpp>
#include <troupe/wire/gossip.hpp>

#include "node/replica_double.hpp"
#include "node/stranger_fixture.hpp"

using namespace troupe;
using lab::eventually;
using test::fortress;
using test::raw_peer;
using test::replica_double;
using test::request_in;
using wire::feature;
using wire::feature_set;

namespace {

std::uint64_t counter(node& of, const std::string& name) {
  const auto reply = of.client<admin::Admin>().links().on(of.self().node).wait();
  REQUIRE(reply);
  std::uint64_t sum = 0;
  for (const auto each : reply->getCounters())
    if (each.getName() == name) sum += each.getValue();
  return sum;
}

node_options speaking(const std::string& name, feature_set features, std::vector<std::string> join = {}) {
  auto options = lab::options_of(name, std::move(join));
  options.features = features;
  return options;
}

/// Two replicas and a caller, as releases of their own.
struct releases {
  releases(feature_set callers, feature_set servers) {
    for (const auto* name : {"one", "two"}) {
      std::vector<std::string> join;
      if (!replicas.empty()) join.push_back(lab::address_of(*replicas[0]));
      replicas.push_back(std::make_unique<node>(speaking(name, servers, join)));
      lab::host_bench(*replicas.back(), told);
    }
    caller = std::make_unique<node>(speaking("caller", callers, {lab::address_of(*replicas[0])}));
    REQUIRE(eventually([&] { return lab::servers_known(*caller, "lab.Bench") == 2; }));
  }

  int failures(int calls) const {
    int failed = 0;
    const auto bench = caller->client<lab::Bench>();
    for (int i = 0; i < calls; ++i) failed += bench.echo("x").wait() ? 0 : 1;
    return failed;
  }
  std::uint64_t at_replicas(const std::string& name) {
    return counter(*replicas[0], name) + counter(*replicas[1], name);
  }

  std::shared_ptr<lab::notes> told = std::make_shared<lab::notes>();
  std::vector<std::unique_ptr<node>> replicas;
  std::unique_ptr<node> caller;
};

/// The server closes the link on it, and goes on.
bool closes_on(fortress& server, const wire::hello& as, capnp::MessageBuilder& frame) {
  raw_peer peer(server.server->address());
  peer.introduce(as);
  peer.send(frame);
  return peer.is_closed() && server.works();
}

}  // namespace

TEST_CASE("a cluster works whichever of its nodes lacks a feature, and nobody misses it") {
  for (std::uint16_t number = 0; number < wire::feature_count; ++number) {
    const auto lacking = feature_set::all().without(static_cast<feature>(number));
    for (const auto& sides : {std::pair{lacking, feature_set::all()},
                              {feature_set::all(), lacking},
                              {lacking, lacking},
                              {feature_set{}, feature_set::all()},
                              {feature_set::all(), feature_set{}}}) {
      const auto callers = sides.first;
      const auto servers = sides.second;
      CAPTURE(to_string(callers));
      CAPTURE(to_string(servers));
      releases all(callers, servers);
      CHECK(all.failures(50) == 0);
      const bool asks = (callers & servers).has(feature::load_queries);
      if (asks)
        CHECK(eventually([&] { return all.failures(1) == 0 && all.at_replicas("load_queries") > 0; }));
      else
        CHECK(counter(*all.caller, "probes") == 0);
      CHECK((all.at_replicas("load_queries") > 0) == asks);
      CHECK(all.at_replicas("bad_frames") == 0);
      CHECK(counter(*all.caller, "answers_not_understood") == 0);
    }
  }
}

TEST_CASE("a caller says over a link only what both of its sides have named") {
  const auto plain_release = feature_set{};
  for (const auto callers : {feature_set::all(), plain_release}) {
    CAPTURE(to_string(callers));
    node caller(speaking("caller", callers));
    const replica_double modern("modern", feature_set::all());
    const replica_double plain("plain", plain_release);
    for (const auto* each : {&modern, &plain}) each->introduce_to(caller);
    REQUIRE(eventually([&] { return lab::servers_known(caller, "lab.Bench") == 2; }));
    const auto bench = caller.client<lab::Bench>();
    const bool both = callers == feature_set::all();
    CHECK(eventually([&] {
      if (!bench.echo("x").wait()) return false;
      const bool used = modern.bounds > 0 && modern.load_queries > 0 && modern.presence_pings > 0;
      return plain.requests > 50 && modern.requests > 50 && (used || !both);
    }));
    CHECK((modern.bounds > 0) == both);
    CHECK((modern.load_queries > 0) == both);
    CHECK((modern.presence_pings > 0) == both);
    CHECK(plain.bounds == 0);
    CHECK(plain.load_queries == 0);
    CHECK(plain.presence_pings == 0);
  }
}

TEST_CASE("a server without load queries closes a link on one, as does a server that was not told of them") {
  wire::short_frame query(wire::load_query{"lab.Bench"});
  auto without = test::stranger();
  without.features = feature_set::all().without(feature::load_queries);
  fortress with;
  CHECK(closes_on(with, without, query));
  fortress lacking([&](node_options& options) { options.features = without.features; });
  CHECK(closes_on(lacking, test::stranger(), query));
}

TEST_CASE("a server without bouncing lets in, as does a server that was not told of it") {
  const auto lacking = feature_set::all().without(feature::bouncing);
  for (const auto& [callers, servers] :
       {std::pair{lacking, feature_set::all()}, {feature_set::all(), lacking}}) {
    fortress it([&, spoken = servers](node_options& options) { options.features = spoken; });
    raw_peer caller(it.server->address());
    auto said = test::stranger();
    said.features = callers;
    caller.introduce(said);
    for (const std::uint64_t attempt : {1, 2, 3}) {
      capnp::MallocMessageBuilder message;
      auto request = request_in(message, attempt, attempt == 1 ? 5 : 0);
      if (attempt == 1)
        request.initParams().initAs<lab::Bench::BlockParams>().setMillis(lab::bench::until_released);
      request.setBounceAt(1);
      caller.send(message);
      if (attempt == 1) REQUIRE(eventually([&] { return it.told->inside == 1; }));
    }
    it.told->release = true;
    for (int i = 0; i < 3; ++i) {
      const auto answer = caller.hear();
      REQUIRE(answer);
      CHECK_FALSE(wire::read_reply(*answer).value().failed);
    }
  }
}

TEST_CASE("a server without presence closes a link on a ping in a stream, and one with it answers") {
  for (const auto features : {feature_set::all(), feature_set::all().without(feature::presence)}) {
    fortress it([&](node_options& options) { options.features = features; });
    membership::sync_message ping;
    ping.kind = membership::sync_kind::ping;
    ping.from = test::stranger().from;
    ping.target = it.server->self();
    raw_peer peer(it.server->address());
    peer.introduce();
    peer.send(wire::exchange_frame(wire::encode(ping, wire::cluster_hash("lab"))));
    if (features.has(feature::presence)) {
      const auto answer = peer.hear();
      REQUIRE(answer);
      const auto pong =
          wire::decode_sync(wire::read_exchange(*answer).value().message, wire::cluster_hash("lab"));
      REQUIRE(pong);
      CHECK(pong->kind == membership::sync_kind::pong);
    } else {
      CHECK(peer.is_closed());
    }
    CHECK(it.works());
  }
}

TEST_CASE("who names no features is asked and answered as before there were any") {
  fortress it;
  raw_peer old(it.server->address());
  capnp::MallocMessageBuilder hello;
  auto said = hello.initRoot<wire::idl::Frame>().initHello();
  said.setVersion(wire::protocol_version);
  said.setCluster("lab");
  said.getFrom().setNode(12345);
  old.send(hello);
  const auto welcome = old.hear();
  REQUIRE(welcome);
  CHECK(wire::read_welcome(*welcome).value().features == feature_set::all());
  old.say(wire::load_query{"lab.Bench"});
  const auto load = old.hear();
  REQUIRE(load);
  CHECK(load->kind() == wire::frame_kind::load_answer);
}
