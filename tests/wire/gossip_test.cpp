// Gossip's bytes: what goes in comes out, and nothing that anybody sends does harm.
#include <cstring>
#include <string>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/wire/gossip.hpp>

using namespace troupe;
using namespace troupe::membership;

namespace {

const std::uint64_t ours = wire::cluster_hash("shop");

std::string text_of(random_source& random, std::size_t least, std::size_t most) {
  std::string made(least + random.below(static_cast<std::uint32_t>(most - least + 1)), 'n');
  return made;
}

endpoint address_of(random_source& random) {
  endpoint where;
  for (auto& byte : where.address) byte = static_cast<std::uint8_t>(random());
  where.port = static_cast<std::uint16_t>(random() | 1);
  return where;
}

std::shared_ptr<const registration> shared(registration document) {
  return std::make_shared<const registration>(std::move(document));
}

update update_of(random_source& random) {
  update what;
  what.subject = {{random() | 1}, {random() | 1}};
  what.incarnation = random() >> 20;
  what.state = static_cast<state>(random.below(4));
  what.mode = static_cast<mode>(random.below(3));
  what.worker_lag = static_cast<std::uint8_t>(random.below(worker_lag_max + 1));
  what.accuser_health = static_cast<std::uint8_t>(random());
  what.accuser = {random()};
  std::vector<node_id> lossy(random.below(lossy_max + 1));
  for (std::size_t i = 0; i < lossy.size(); ++i) lossy[i] = {(random() >> 8) + (std::uint64_t{i} << 60)};
  what.who = make_attributes(text_of(random, 1, node_name_bytes_max), address_of(random), std::move(lossy));
  what.registration_version = random();
  if (random.below(2) == 0) return what;
  registration document{random(), text_of(random, 0, zone_bytes_max), {}};
  const auto services = random.below(6);
  for (std::uint32_t i = 0; i < services; ++i)
    document.services.push_back(
        {text_of(random, 1, service_name_bytes_max), random(), 1 + random.below(weight_max)});
  what.document = shared(std::move(document));
  return what;
}

packet packet_of(random_source& random) {
  packet what;
  what.kind = static_cast<packet_kind>(random.below(5));
  what.from = {{random()}, {random()}};
  what.from_address = address_of(random);
  what.sequence = random();
  what.target = {{random()}, {random()}};
  what.target_address = address_of(random);
  what.digest = random();
  const auto updates = random.below(8);
  for (std::uint32_t i = 0; i < updates; ++i) what.updates.push_back(update_of(random));
  return what;
}

sync_digest digest_of(random_source& random) {
  return {{{random()}, {random()}}, random(), random(), static_cast<state>(random.below(4))};
}

sync_message sync_of(random_source& random) {
  sync_message what;
  what.kind = static_cast<sync_kind>(random.below(5));
  what.from = {{random()}, {random()}};
  what.target = {{random()}, {random()}};
  what.bits = static_cast<std::uint8_t>(random());
  what.members = static_cast<std::uint32_t>(random());
  what.digest = random();
  what.sums_level = static_cast<std::uint8_t>(random());
  what.covered_level = static_cast<std::uint8_t>(random());
  what.more = random.below(2) == 0;
  const auto some = [&](auto& list, auto make) {
    for (auto left = random.below(6); left > 0; --left) list.push_back(make());
  };
  some(what.sums, [&] { return sync_message::range_sum{static_cast<std::uint16_t>(random()), random()}; });
  some(what.covered, [&] { return static_cast<std::uint16_t>(random()); });
  some(what.digests, [&] { return digest_of(random); });
  some(what.wants, [&] { return sync_message::want{{random()}, random()}; });
  some(what.facts, [&] { return update_of(random); });
  some(what.tombstones, [&] { return digest_of(random); });
  some(what.others, [&] { return address_of(random); });
  return what;
}

void check_equal(const packet& a, const packet& b) {
  CHECK(a.kind == b.kind);
  CHECK(a.from == b.from);
  CHECK(a.from_address == b.from_address);
  CHECK(a.sequence == b.sequence);
  CHECK(a.target == b.target);
  CHECK(a.target_address == b.target_address);
  CHECK(a.digest == b.digest);
  CHECK(a.updates == b.updates);
}

/// What decoding accepts is within all bounds, whatever the bytes were.
void check_bounds(const std::vector<update>& updates, std::size_t bytes) {
  CHECK(updates.size() * 88 <= bytes);
  for (const auto& fact : updates) {
    REQUIRE(fact.who);
    if (fact.who->name.empty() || fact.who->name.size() > node_name_bytes_max) FAIL("a name out of bounds");
    if (fact.who->lossy.size() > lossy_max || fact.worker_lag > worker_lag_max)
      FAIL("a report out of bounds");
    if (fact.state > state::left || fact.mode > mode::draining) FAIL("an unknown state");
    if (fact.document && !is_sensible(*fact.document)) FAIL("a document out of bounds");
  }
}

}  // namespace

TEST_CASE("packets come back as they went, and never larger than membership reckons") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    random_source random(seed);
    const auto what = packet_of(random);
    const auto bytes = wire::encode(what, ours);
    CHECK(bytes.size() <= size_bound(what));
    const auto back = wire::decode_packet(bytes, ours);
    REQUIRE(back);
    check_equal(what, *back);
  }
}

TEST_CASE("a name with a zero byte is passed on whole") {
  random_source random(5);
  packet what;
  what.updates = {update_of(random), update_of(random)};
  what.updates[0].who = make_attributes(std::string("a\0b", 3), address_of(random));
  what.updates[1].who = make_attributes(std::string(1, '\0'), address_of(random));
  what.updates[1].document = shared({1, std::string("z\0", 2), {{std::string("\0s", 2), 1, 100}}});
  const auto back = wire::decode_packet(wire::encode(what, ours), ours);
  REQUIRE(back);
  check_equal(what, *back);
}

TEST_CASE("the bound of an update's size is exact, so no packet is left half empty") {
  packet what;
  CHECK(wire::encode(what, ours).size() == packet_overhead_bytes);
  random_source random(4);
  for (int i = 0; i < 50; ++i) {
    what.updates = {update_of(random)};
    CHECK(wire::encode(what, ours).size() == size_bound(what));
  }
}

TEST_CASE("sync messages come back as they went, and never larger than membership reckons") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    random_source random(seed);
    const auto what = sync_of(random);
    const auto bytes = wire::encode(what, ours);
    CHECK(bytes.size() <= size_bound(what));
    const auto back = wire::decode_sync(bytes, ours);
    REQUIRE(back);
    CHECK(*back == what);
  }
}

TEST_CASE("another cluster's packets and sync messages are refused by name") {
  const auto theirs = wire::cluster_hash("bank");
  const auto foreign = wire::decode_packet(wire::encode(packet{}, theirs), ours);
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().code == code::permission_denied);
  CHECK(foreign.error().text.find("another cluster") != std::string::npos);
  CHECK(wire::decode_sync(wire::encode(sync_message{}, theirs), ours).error().code ==
        code::permission_denied);
}

TEST_CASE("another protocol version is refused by name") {
  auto bytes = wire::encode(packet{}, ours);
  const std::uint16_t version = 2;
  std::memcpy(bytes.data() + 16, &version, sizeof version);  // the first field, after framing and root
  const auto other = wire::decode_packet(bytes, ours);
  REQUIRE_FALSE(other);
  CHECK(other.error().code == code::unimplemented);
}

TEST_CASE("a message beyond a bound is refused whole") {
  random_source random(2);
  auto what = packet_of(random);
  what.updates = {update_of(random)};
  what.updates.front().document = shared({1, "", {{"shop.Cart", 1, 100}}});
  REQUIRE(wire::decode_packet(wire::encode(what, ours), ours));
  const auto refused = [&](auto spoil) {
    auto spoiled = what;
    spoil(spoiled.updates.front());
    const auto outcome = wire::decode_packet(wire::encode(spoiled, ours), ours);
    return !outcome && outcome.error().code == code::invalid_argument;
  };
  const auto named = [&](std::string name, std::vector<node_id> lossy = {}) {
    return refused([&](update& u) { u.who = make_attributes(name, u.who->address, lossy); });
  };
  CHECK(named(""));
  CHECK(named(std::string(65, 'x')));
  CHECK(named("x", std::vector<node_id>(lossy_max + 1)));
  CHECK(named("x", {{5}, {4}}));
  CHECK(named("x", {{5}, {5}}));
  CHECK(refused([](update& u) { u.subject.node = {}; }));
  CHECK(refused([](update& u) { u.worker_lag = worker_lag_max + 1; }));
  const auto offering = [&](std::string zone, std::vector<service_entry> services) {
    return refused([&](update& u) { u.document = shared({1, zone, services}); });
  };
  CHECK(offering(std::string(65, 'x'), {}));
  CHECK(offering("", {{"", 1, 1}}));
  CHECK(offering("", {{std::string(129, 'x'), 1, 1}}));
  CHECK(offering("", {{"x", 1, 0}}));
  CHECK(offering("", std::vector<service_entry>(1025, {"x", 1, 1})));
  CHECK(wire::decode_packet(std::vector<std::byte>(70'000), ours).error().code == code::resource_exhausted);
  CHECK_FALSE(wire::decode_packet({}, ours));
  CHECK_FALSE(wire::decode_packet(std::vector<std::byte>(7), ours));
}

TEST_CASE("20,000 random and mutated inputs neither crash nor get past the bounds") {
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    CAPTURE(seed);
    random_source random(seed);
    std::vector<std::byte> bytes;
    const auto shape = random.below(4);
    if (shape == 0) {
      bytes.resize(random.below(200) * 8);
      for (auto& byte : bytes) byte = static_cast<std::byte>(random());
    } else {
      bytes = shape == 1 ? wire::encode(sync_of(random), ours) : wire::encode(packet_of(random), ours);
      const auto flips = 1 + random.below(6);
      for (std::uint32_t i = 0; i < flips; ++i) {
        const auto place = random.below(static_cast<std::uint32_t>(bytes.size()));
        bytes[place] = random.below(2) == 0 ? static_cast<std::byte>(random())
                                            : bytes[place] ^ static_cast<std::byte>(1 << random.below(8));
      }
      if (random.below(8) == 0) bytes.resize(random.below(static_cast<std::uint32_t>(bytes.size())));
      if (random.below(8) == 0) bytes.resize(bytes.size() / 8 * 8);
    }
    if (const auto outcome = wire::decode_packet(bytes, ours)) check_bounds(outcome->updates, bytes.size());
    if (const auto outcome = wire::decode_sync(bytes, ours)) check_bounds(outcome->facts, bytes.size());
  }
}
