// Sealed gossip between cores, in virtual time and without sockets: what an outsider can do (nothing), and
// what changes of keys do to nodes that are there, away, or apart.
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "crypto/sealed_world_fixture.hpp"

using namespace troupe;
using namespace troupe::test;

TEST_CASE("forged, altered, cut, repeated, foreign and unsealed packets change nothing") {
  const auto keys = ring_of({1});
  world all(3, keys);
  REQUIRE(all.eventually([&] { return all.all_know(3); }));
  all.run(3s);
  while (!all.under_way.empty()) all.run(1ms);
  auto& victim = *all.peers.at(1);
  const auto before = victim.view();
  const auto recorded = all.recorded;
  const auto somebody = *parse_endpoint("10.9.9.9:9");
  const auto nothing_after = [&](const char* what, const bytes& packet) {
    all.receive(victim, packet, somebody);
    CHECK_MESSAGE(victim.view() == before, what);
    CHECK_MESSAGE(all.under_way.empty(), what);
    all.under_way.clear();
  };

  const bytes* real = nullptr;
  for (const auto& one : recorded) {
    nothing_after("recorded", one.packet);
    if (one.to == victim.address) real = &one.packet;
  }
  REQUIRE(real != nullptr);
  CHECK(victim.counted("gossip_replayed") > 0);
  CHECK(victim.counted("gossip_misdirected") + victim.counted("gossip_forged") > 0);
  for (std::size_t size = 0; size < real->size(); ++size)
    nothing_after("cut", {real->begin(), real->begin() + static_cast<std::ptrdiff_t>(size)});
  for (std::size_t i = 0; i < real->size(); ++i) {
    auto altered = *real;
    altered[i] ^= std::byte{0x10};
    nothing_after("altered", altered);
  }

  // A stranger who knows how: right words, wrong key; right key, wrong cluster; no key at all.
  membership::packet lie;
  lie.kind = membership::packet_kind::gossip;
  lie.from = all.peers.at(0)->self;
  lie.from_address = all.peers.at(0)->address;
  membership::update dead;
  dead.subject = all.peers.at(2)->self;
  dead.incarnation = 99;
  dead.state = membership::state::dead;
  dead.who = membership::make_attributes("n2", address_of(2));
  dead.accuser = lie.from.node;
  lie.updates = {dead};
  const auto told = [&](crypto::ring with, const std::string& of) {
    peer liar(0, 5000, std::move(with), all.now, of);
    return liar.seal->seal(wire::encode(lie, wire::cluster_hash(of)), victim.self);
  };
  const auto unknown = victim.counted("gossip_unknown_keys");
  nothing_after("another key", told(ring_of({9}), cluster));
  nothing_after("another cluster", told(keys, "another"));
  nothing_after("no key", told({}, cluster));
  CHECK(victim.counted("gossip_unknown_keys") == 1 + unknown);
  CHECK(victim.counted("gossip_unsealed") > 0);
  // It would have been believed.
  all.receive(victim, told(keys, cluster), somebody);
  CHECK(victim.view() != before);
}

TEST_CASE("what was recorded before a restart teaches the restarted node nothing") {
  const auto keys = ring_of({1});
  world all(3, keys);
  REQUIRE(all.eventually([&] { return all.all_know(3); }));
  all.run(3s);
  const auto recorded = all.recorded;
  all.end(0);
  all.end(1);
  all.end(2);
  all.under_way.clear();
  peer fresh(1, 9000, keys, all.now);
  const auto view = [&] {
    const auto text = fresh.view();
    return text.substr(0, text.rfind('\n'));
  };
  const auto before = view();
  for (const auto& one : recorded) all.receive(fresh, one.packet, one.from);
  CHECK(view() == before);
  CHECK(fresh.core->members().size() == 1);
}

TEST_CASE(
    "keys change under traffic and loss: nobody is suspected, and no packet is lost for lack of a key") {
  const auto keys = ring_of({1});
  world all(5, keys);
  REQUIRE(all.eventually([&] { return all.all_know(5); }));
  const auto quiet = all.suspicions();
  REQUIRE(all.order(0, keys, "install " + key_of(2).to_text()));
  REQUIRE(all.eventually([&] { return all.all_say(id_of(2), "held"); }, 10s));
  CHECK(all.all_say(id_of(1), "primary"));
  REQUIRE(all.order(3, keys, "use " + id_of(2)));
  REQUIRE(all.eventually([&] { return all.all_say(id_of(2), "primary"); }, 10s));
  REQUIRE(all.order(4, keys, "retire " + id_of(1)));  // still taken under the old key, which is held there
  REQUIRE(all.eventually([&] { return all.all_say(id_of(1), "retired"); }, 10s));
  all.run(10s);
  CHECK(all.suspicions() == quiet);
  CHECK(all.sum("gossip_unknown_keys") == 0);
  CHECK(all.all_know(5));

  // And twice more, while a tenth of all packets is lost.
  all.loss = .1;
  auto operators = ring_of({2});
  for (const auto next : {std::uint8_t{3}, std::uint8_t{4}}) {
    REQUIRE(all.order(1, operators, "install " + key_of(next).to_text()));
    REQUIRE(all.eventually([&] { return all.all_say(id_of(next), "held"); }, 20s));
    REQUIRE(all.order(2, operators, "use " + id_of(next)));
    REQUIRE(all.eventually([&] { return all.all_say(id_of(next), "primary"); }, 20s));
    operators = ring_of({next});
  }
  all.loss = 0;
  REQUIRE(all.eventually([&] { return all.all_know(5); }));
  CHECK(all.sum("gossip_unknown_keys") == 0);
}

TEST_CASE("orders are taken from whoever has a held key, and from nobody else") {
  const auto keys = ring_of({1});
  world all(2, keys);
  REQUIRE(all.eventually([&] { return all.all_know(2); }));
  const auto order = [&](const crypto::ring& with, const std::string& text) {
    const auto done = all.order(0, with, text);
    return done ? code::ok : done.error().code;
  };
  CHECK(order(ring_of({9}), "install " + key_of(2).to_text()) == code::unauthenticated);
  CHECK(order(keys, "install") == code::invalid_argument);
  CHECK(order(keys, "install " + key_of(2).to_text() + " now") == code::invalid_argument);
  CHECK(order(keys, "use " + id_of(7)) == code::not_found);
  CHECK(order(keys, "use x") == code::invalid_argument);
  CHECK(order(keys, "retire " + id_of(1)) == code::failed_precondition);
  CHECK(all.peers.at(0)->seal->keys().entries().size() == 1);
  REQUIRE(order(keys, "install " + key_of(2).to_text()) == code::ok);
  REQUIRE(order(keys, "use " + id_of(2)) == code::ok);
  REQUIRE(order(keys, "retire " + id_of(1)) == code::ok);
  CHECK(order(keys, "install " + key_of(3).to_text()) == code::unauthenticated);

  // One order, given to another node, and given twice.
  crypto::sealing seal(cluster, crypto::draw_salt(), 1);
  const std::string text = "install " + key_of(4).to_text();
  const auto with = ring_of({2});
  auto& first = *all.peers.at(0);
  const auto sealed = seal.seal(*with.primary(), crypto::content::order, crypto::recipient::of(first.self), 0,
                                {reinterpret_cast<const std::byte*>(text.data()), text.size()});
  CHECK_FALSE(all.peers.at(1)->seal->obey(sealed, today));
  CHECK(first.seal->obey(sealed, today));
  const auto again = first.seal->obey(sealed, today);
  REQUIRE_FALSE(again);
  CHECK(again.error().text.find("heard before") != std::string::npos);
  peer open(7, 1, {}, all.now);
  CHECK(open.seal->obey(sealed, today).error().code == code::failed_precondition);
}

TEST_CASE("a node that was down while the keys changed comes back by itself") {
  const auto keys = ring_of({1});
  for (const bool knew_of_it : {false, true}) {
    CAPTURE(knew_of_it);
    world all(3, keys);
    REQUIRE(all.eventually([&] { return all.all_know(3); }));
    if (knew_of_it) {
      REQUIRE(all.order(0, keys, "install " + key_of(2).to_text()));
      REQUIRE(all.eventually([&] { return all.all_say(id_of(2), "held"); }));
    }
    all.end(2);
    all.run(10s);
    if (!knew_of_it) REQUIRE(all.order(0, keys, "install " + key_of(2).to_text()));
    REQUIRE(all.eventually([&] { return all.all_say(id_of(2), "held"); }));
    REQUIRE(all.order(0, keys, "use " + id_of(2)));
    REQUIRE(all.eventually([&] { return all.all_say(id_of(2), "primary"); }));
    REQUIRE(all.order(0, ring_of({2}), "retire " + id_of(1)));
    REQUIRE(all.eventually([&] { return all.all_say(id_of(1), "retired"); }));
    all.start(2, knew_of_it ? ring_of({1, 2}) : keys);
    CHECK(all.eventually([&] { return all.all_know(3) && all.all_say(id_of(2), "primary"); }, 5s));
    CHECK(all.sum("gossip_under_retired_keys") > 0);
  }
}

TEST_CASE("a key that is called stolen lets nobody back, until the node is given the new one by hand") {
  const auto keys = ring_of({1});
  world all(3, keys);
  REQUIRE(all.eventually([&] { return all.all_know(3); }));
  all.end(2);
  all.run(10s);
  REQUIRE(all.order(0, keys, "install " + key_of(2).to_text()));
  REQUIRE(all.eventually([&] { return all.all_say(id_of(2), "held"); }));
  REQUIRE(all.order(0, keys, "use " + id_of(2)));
  REQUIRE(all.order(0, ring_of({2}), "retire " + id_of(1) + " compromised"));
  REQUIRE(all.eventually([&] { return all.all_say(id_of(1), "forgotten"); }));
  all.start(2, keys);
  all.run(20s);
  CHECK_FALSE(all.peers.at(2)->core->joined());
  CHECK(all.sum("gossip_forgotten_keys") > 0);
  all.end(2);
  all.start(2, ring_of({2}));
  CHECK(all.eventually([&] { return all.all_know(3) && all.all_say(id_of(1), "forgotten"); }, 5s));
  // A node that had heard of the new key before it went needs no help: it tries what it has.
  all.end(2);
  all.run(5s);
  all.start(2, ring_of({1, 2}));
  CHECK(all.eventually([&] { return all.all_know(3) && all.all_say(id_of(1), "forgotten"); }, 10s));
}

TEST_CASE("two halves that changed keys on their own while they were apart find together again") {
  const auto keys = ring_of({1});
  world all(4, keys);
  REQUIRE(all.eventually([&] { return all.all_know(4); }));
  const auto half = [](const endpoint& where) { return where == address_of(0) || where == address_of(1); };
  all.cut = [&](const endpoint& a, const endpoint& b) { return half(a) != half(b); };
  all.run(30s);
  CHECK(all.all_know(2));
  for (const auto& [node, next] : {std::pair<std::size_t, std::uint8_t>{0, 2}, {2, 3}}) {
    REQUIRE(all.order(node, keys, "install " + key_of(next).to_text()));
    all.run(3s);
    REQUIRE(all.order(node, keys, "use " + id_of(next)));
    all.run(3s);
    REQUIRE(all.order(node, ring_of({next}), "retire " + id_of(1)));
    all.run(3s);
  }
  all.cut = [](auto&, auto&) { return false; };
  const auto healed = all.now;
  CHECK(all.eventually([&] { return all.all_know(4); }, 60s));
  CHECK(all.now - healed < 5s);
  CHECK(all.eventually([&] { return all.all_say(id_of(1), "retired"); }, 5s));
  const auto first = all.peers.at(0)->seal->keys().primary()->id;
  for (const auto& [number, each] : all.peers) CHECK(each->seal->keys().primary()->id == first);
}
