// Sealed gossip between cores, in virtual time and without sockets: what an outsider can do (nothing), and
// what changes of keys do to nodes that are there, away, or apart.
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/crypto/gossip_seal.hpp>
#include <troupe/membership/core.hpp>
#include <troupe/wire/gossip.hpp>

using namespace troupe;
using bytes = std::vector<std::byte>;
using crypto::gossip_seal;

namespace {

const std::string cluster = "sealed";
constexpr std::uint64_t today = 1'800'000'000;  // seconds since 1970

crypto::key key_of(std::uint8_t fill) {
  std::array<std::uint8_t, crypto::key::bytes> secret;
  secret.fill(fill);
  return crypto::key(secret);
}

crypto::ring ring_of(std::vector<std::uint8_t> fills) {
  crypto::ring made;
  for (const auto fill : fills) REQUIRE(made.install(key_of(fill)));
  return made;
}

std::string id_of(std::uint8_t fill) { return to_string(key_of(fill).id()); }

endpoint address_of(std::size_t node) {
  return *parse_endpoint("10.0.0." + std::to_string(node + 1) + ":7000");
}

struct peer {
  peer(std::size_t number, std::uint64_t life, crypto::ring keys, time_point now, std::string of = cluster)
      : self{{number + 1}, {life}}, address(address_of(number)), cluster_name(std::move(of)) {
    const auto options = membership::options::local();
    const auto name = "n" + std::to_string(number);
    seal =
        std::make_unique<gossip_seal>(self, name, cluster_name, std::move(keys), options.members_max, told);
    core = std::make_unique<membership::core>(options, self, name, address, number + 1, now);
  }

  /// Everything that the core holds to be true.
  std::string view() const {
    std::ostringstream text;
    std::set<std::string> lines;
    core->for_each([&](const membership::member& one) {
      std::ostringstream line;
      line << one.self.node.value << "/" << one.self.epoch.value << " " << one.incarnation << " "
           << to_string(one.state) << " " << to_string(one.mode) << " " << one.name << " "
           << to_string(one.address) << " " << one.document.version << " "
           << one.since.time_since_epoch().count();
      lines.insert(line.str());
    });
    for (const auto& line : lines) text << line << "\n";
    const auto counted = core->counted();
    text << counted.pings << " " << counted.acks << " " << counted.suspicions << " " << counted.refutations;
    return text.str();
  }

  std::uint64_t counted(const std::string& name) const {
    event_counts all;
    seal->count(all);
    for (const auto& [each, value] : all)
      if (each == name) return value;
    FAIL("there is no counter " << name);
    return 0;
  }

  /// What a person would hear is not what is asked here.
  struct silent : gossip_seal::owner {
    void on_notice(severity, const std::string&) override {}
    void on_ring_changed(const crypto::ring&) override {}
  };

  identity self;
  endpoint address;
  std::string cluster_name;
  silent told;
  std::unique_ptr<gossip_seal> seal;
  std::unique_ptr<membership::core> core;
  membership::actions out;
};

/// A network that delivers after 1 ms, and loses and cuts as it is told. Everybody but the first joins it.
class world {
 public:
  world(std::size_t count, const crypto::ring& keys) {
    for (std::size_t i = 0; i < count; ++i) start(i, keys);
  }

  void start(std::size_t number, const crypto::ring& keys) {
    peers[number] = std::make_unique<peer>(number, ++lives_, keys, now);
    auto& fresh = *peers[number];
    if (number != 0) fresh.core->join({address_of(0)}, now, fresh.out);
    fresh.core->set_mode(membership::mode::ready, now, fresh.out);
    settle(fresh);
  }
  void end(std::size_t number) { peers.erase(number); }

  void run(duration time) {
    const auto until = now + time;
    for (;;) {
      auto next = under_way.empty() ? never : under_way.front().due;
      for (const auto& [number, each] : peers) next = std::min(next, each->core->next_deadline());
      if (next > until) break;
      now = std::max(now, next);
      deliver();
      for (const auto& [number, each] : peers)
        if (each->core->next_deadline() <= now) {
          each->core->tick(now, each->out);
          settle(*each);
        }
    }
    now = until;
  }
  /// True once it holds.
  bool eventually(const std::function<bool()>& holds, duration limit = 60s) {
    for (const auto end = now + limit; now < end; run(100ms))
      if (holds()) return true;
    return holds();
  }

  bool all_know(std::size_t count) const {
    return std::all_of(peers.begin(), peers.end(), [&](const auto& one) {
      std::size_t alive = 0;
      one.second->core->for_each(
          [&](const auto& member) { alive += member.state == membership::state::alive ? 1 : 0; });
      return alive == count;
    });
  }
  bool all_say(const std::string& id, const std::string& standing) const {
    return std::all_of(peers.begin(), peers.end(), [&](const auto& one) {
      const auto& keys = one.second->seal->keys();
      const auto& all = keys.entries();
      return std::any_of(all.begin(), all.end(), [&](const auto& key) {
        return to_string(key.id) == id &&
               (standing == "primary" ? &key == keys.primary() : to_string(key.standing) == standing);
      });
    });
  }
  std::uint64_t sum(const std::string& counter) const {
    std::uint64_t all = 0;
    for (const auto& [number, each] : peers) all += each->counted(counter);
    return all;
  }
  std::uint64_t suspicions() const {
    std::uint64_t all = 0;
    for (const auto& [number, each] : peers) all += each->core->counted().suspicions;
    return all;
  }

  /// As the actor does with what arrives.
  void receive(peer& at, const bytes& packet, const endpoint& from) {
    auto opened = at.seal->open(packet, from, now);
    if (opened) {
      auto what = wire::decode_packet(opened->packet, wire::cluster_hash(at.cluster_name));
      if (!what) return;
      const bool only_away = at.seal->settle_rings(*opened, what->from, from, now);
      const bool earlier = opened->whom == crypto::meant_for::earlier_life;
      if (earlier) what->updates.clear();
      if (!only_away && (!earlier || what->kind == membership::packet_kind::ping))
        at.core->receive(*what, from, now, at.out);
    }
    if (const auto who = at.seal->take_stranger()) {
      const auto& known = at.core->members();
      if (std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.who->address == *who; }))
        at.out.syncs.push_back(*who);
    }
    settle(at);
  }

  /// An order as the command seals it.
  result<std::string> order(std::size_t number, const crypto::ring& keys, const std::string& text) {
    crypto::sealing seal(cluster, crypto::draw_salt(), 1);
    const auto* const first = reinterpret_cast<const std::byte*>(text.data());
    auto& to = *peers.at(number);
    return to.seal->obey(seal.seal(*keys.primary(), crypto::content::order, crypto::recipient::of(to.self),
                                   keys.digest(), {first, text.size()}),
                         today);
  }

  struct sent {
    time_point due;
    endpoint from, to;
    bytes packet;
  };
  std::map<std::size_t, std::unique_ptr<peer>> peers;
  std::deque<sent> under_way;
  std::vector<sent> recorded;
  std::function<bool(const endpoint&, const endpoint&)> cut = [](auto&, auto&) { return false; };
  double loss = 0;
  time_point now{1s};

 private:
  peer* at(const endpoint& where) {
    for (const auto& [number, each] : peers)
      if (each->address == where) return each.get();
    return nullptr;
  }

  void deliver() {
    while (!under_way.empty() && under_way.front().due <= now) {
      const auto next = std::move(under_way.front());
      under_way.pop_front();
      if (auto* const to = at(next.to)) receive(*to, next.packet, next.from);
    }
  }

  void send(peer& from, const endpoint& to, bytes packet) {
    if (packet.empty()) return;
    sent one{now + 1ms, from.address, to, std::move(packet)};
    recorded.push_back(one);
    if (!cut(one.from, one.to) && random_.unit() >= loss) under_way.push_back(std::move(one));
  }

  void settle(peer& of) {
    while (!of.out.packets.empty() || !of.out.syncs.empty()) {
      const auto wanted = std::exchange(of.out, {});
      for (const auto& one : wanted.packets) {
        CHECK(one.what.receiver.node);
        send(of, one.to,
             of.seal->seal(wire::encode(one.what, wire::cluster_hash(cluster)), one.what.receiver));
      }
      for (const auto& with : wanted.syncs) sync(of, with);
    }
    of.out.clear();
    for (auto& ring : of.seal->take_outgoing()) send(of, ring.to, std::move(ring.packet));
  }

  /// A whole sync over sealed streams, in no time.
  void sync(peer& from, const endpoint& with) {
    auto* const to = at(with);
    if (to == nullptr || cut(from.address, with)) return from.core->sync_failed();
    membership::sync_message opening;
    auto asking = from.core->begin_sync(with, opening);
    auto answering = to->core->serve_sync();
    auto there = from.seal->dial(to->self);
    auto back = to->seal->serve();
    const auto say = [](peer& who, gossip_seal::stream& on, const membership::sync_message& what) {
      return who.seal->seal(on, wire::encode(what, wire::cluster_hash(cluster)));
    };
    /// What is said to it; nothing when it is over.
    const auto hear = [&](peer& who, gossip_seal::stream& on, membership::sync_session& session,
                          const bytes& message, bytes& last_words) -> bytes {
      const auto opened = who.seal->open(on, message, last_words);
      if (!opened) return {};
      const auto what = wire::decode_sync(*opened, wire::cluster_hash(cluster));
      REQUIRE_MESSAGE(what, what.error().text);
      const auto answer = who.core->receive_sync(session, *what, now, who.out);
      return answer && *answer ? say(who, on, **answer) : bytes{};
    };
    bytes message = say(from, there, opening), last_words;
    while (!message.empty()) {
      message = hear(*to, back, answering, message, last_words);
      if (!last_words.empty()) message = std::exchange(last_words, {});
      if (!message.empty()) message = hear(from, there, asking, message, last_words);
    }
    const bool other_key = from.seal->ended(there);
    from.core->end_sync(asking);
    to->core->end_sync(answering);
    settle(*to);
    if (other_key) sync(from, with);
  }

  random_source random_{7};
  std::uint64_t lives_ = 1000;
};

}  // namespace

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
