// Sealed messages: what opens, and everything that must not.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/crypto/sealing.hpp>

#include "crypto/keys_fixture.hpp"

using namespace troupe;
using namespace troupe::crypto;
using troupe::test::key_of;
using troupe::test::ring_of;
using bytes = std::vector<std::byte>;

namespace {

constexpr identity ann{{0xa11}, {100}};
constexpr identity bob{{0xb0b}, {200}};

salt salt_of(std::uint8_t fill) {
  salt made;
  made.fill(std::byte{fill});
  return made;
}

bytes bytes_of(const std::string& text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

std::string text_of(const bytes& from) { return {reinterpret_cast<const char*>(from.data()), from.size()}; }

/// Ann seals for Bob.
struct pair_of_nodes {
  ring keys = ring_of({1});
  sealing from{"cluster", salt_of(7), 8};
  sealing at{"cluster", salt_of(8), 8};

  bytes seal(const std::string& text = "a ping", const identity& receiver = bob) {
    return from.seal(*keys.primary(), content::packet, recipient::of(receiver), keys.digest(),
                     bytes_of(text));
  }
  verdict open(const bytes& sealed, const identity& as = bob) {
    return at.open(sealed, keys, recipient::of(as), got);
  }
  opened got;
};

std::pair<salt, std::uint64_t> nonce_of(const bytes& sealed) {
  salt of;
  std::copy_n(sealed.begin() + 16, 16, of.begin());
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number |= std::to_integer<std::uint64_t>(sealed[32 + i]) << 8 * i;
  return {of, number};
}

}  // namespace

TEST_CASE("what is sealed for a node opens there, is longer by a constant, and shows nothing") {
  pair_of_nodes two;
  const std::string text = "node cart-1 at 10.0.0.7:7000 is alive";
  const auto sealed = two.seal(text);
  CHECK(sealed.size() == text.size() + sealed_overhead_bytes);
  CHECK(text_of(sealed).find("cart") == std::string::npos);
  REQUIRE(two.open(sealed) == verdict::accepted);
  CHECK(text_of(two.got.message) == text);
  CHECK(two.got.what == content::packet);
  CHECK(two.got.whom == meant_for::this_life);
  CHECK(two.got.with == two.keys.primary()->id);
  CHECK(two.got.ring_digest == two.keys.digest());
  CHECK(two.open(two.seal("")) == verdict::accepted);
  CHECK(two.got.message.empty());
  CHECK(two.open(two.seal(std::string(1 << 20, 'x'))) == verdict::accepted);
  CHECK(two.got.message.size() == 1 << 20);
}

TEST_CASE("a message that is cut at any length, or has one bit flipped at any byte, does not open") {
  pair_of_nodes two;
  const auto sealed = two.seal();
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    const auto how = two.open({sealed.begin(), sealed.begin() + static_cast<std::ptrdiff_t>(size)});
    CAPTURE(size);
    CHECK(how == (size == 0                      ? verdict::unsealed
                  : size < sealed_overhead_bytes ? verdict::malformed
                                                 : verdict::forged));
  }
  for (std::size_t at = 0; at < sealed.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      auto altered = sealed;
      altered[at] ^= std::byte{1} << bit;
      CAPTURE(at);
      CAPTURE(bit);
      CHECK(two.open(altered) != verdict::accepted);
    }
  auto longer = sealed;
  longer.push_back(std::byte{0});
  CHECK(two.open(longer) == verdict::forged);
  // None of which left a trace: nobody was entered, and the message itself is still new.
  CHECK(two.at.lives() == 0);
  CHECK(two.open(sealed) == verdict::accepted);
  CHECK(two.at.lives() == 1);
}

TEST_CASE("a message opens only once, in any order, and not when it is older than the window") {
  pair_of_nodes two;
  std::vector<bytes> sent;
  for (std::uint64_t i = 0; i < replay_window::width + 300; ++i) sent.push_back(two.seal());
  random_source random(3);
  std::vector<std::size_t> order(replay_window::width);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  for (const auto i : order) CHECK(two.open(sent[i]) == verdict::accepted);
  for (const auto i : order) CHECK(two.open(sent[i]) == verdict::replayed);

  pair_of_nodes late;
  CHECK(late.open(sent.back()) == verdict::accepted);
  CHECK(late.open(sent[299]) == verdict::replayed);  // too old to know
  CHECK(late.open(sent[300]) == verdict::accepted);  // the oldest that is known of
  CHECK(late.open(sent[300]) == verdict::replayed);
  // A long silence, then the numbers go on: nothing of before is taken for seen.
  for (std::uint64_t i = 0; i < 3 * replay_window::width; ++i) (void)late.seal();
  for (int i = 0; i < 2000; ++i) CHECK(late.open(late.seal()) == verdict::accepted);
}

TEST_CASE("a message is for one node, one life of it, and one cluster") {
  pair_of_nodes two;
  CHECK(two.open(two.seal("x", ann)) != verdict::accepted);
  CHECK(two.open(two.seal(), {{0xbad}, bob.epoch}) == verdict::forged);
  CHECK(two.open(two.seal("x", {bob.node, {201}})) == verdict::misdirected);
  sealing foreign("another cluster", salt_of(9), 8);
  CHECK(foreign.open(two.seal(), two.keys, recipient::of(bob), two.got) == verdict::forged);
  CHECK(foreign.lives() == 0);

  // Recorded, and played to the node after its restart: it is told apart, as often as it comes.
  const auto recorded = two.seal();
  const identity restarted{bob.node, {300}};
  for (int i = 0; i < 2; ++i) {
    REQUIRE(two.open(recorded, restarted) == verdict::accepted);
    CHECK(two.got.whom == meant_for::earlier_life);
    CHECK(two.at.lives() == 0);
  }
}

TEST_CASE("what is not sealed, of another version, or under a key that is not in the ring is told apart") {
  pair_of_nodes two;
  CHECK(two.open(bytes(100)) == verdict::unsealed);
  auto sealed = two.seal();
  sealed[1] = std::byte{2};
  CHECK(two.open(sealed) == verdict::malformed);
  const auto stranger = ring_of({9});
  const auto foreign = two.from.seal(*stranger.primary(), content::packet, recipient::of(bob), 0, {});
  CHECK(two.open(foreign) == verdict::unknown_key);

  // Retired keys open, for as long as they are remembered.
  const auto under_old = two.seal();
  const auto old = two.keys.primary()->id;
  const auto fresh = *two.keys.install(key_of(2));
  REQUIRE(two.keys.use(fresh));
  REQUIRE(two.keys.retire(old, retirement::routine, 1000));
  CHECK(two.open(under_old) == verdict::accepted);
  CHECK(two.got.with == old);
  CHECK(two.open(two.seal()) == verdict::accepted);
  CHECK(two.got.with == fresh);
  REQUIRE(two.keys.retire(old, retirement::compromised, 1001));
  CHECK(two.open(under_old) == verdict::forgotten_key);
}

TEST_CASE("a sender that changes keys keeps its window") {
  pair_of_nodes two;
  const auto first = two.seal();
  REQUIRE(two.open(first) == verdict::accepted);
  const auto fresh = *two.keys.install(key_of(2));
  REQUIRE(two.keys.use(fresh));
  REQUIRE(two.open(two.seal()) == verdict::accepted);
  CHECK(two.at.lives() == 1);
  CHECK(two.open(first) == verdict::replayed);
}

TEST_CASE("an answer opens for who asked, as the answer to that very message") {
  pair_of_nodes two;
  const auto asked = two.from.seal(*two.keys.primary(), content::exchange, recipient::of(bob), 0, {});
  REQUIRE(two.open(asked) == verdict::accepted);
  const auto question = two.got.name;
  CHECK(nonce_of(asked) == std::pair(question.salt, question.number));
  const auto answer = two.at.seal(*two.keys.primary(), content::exchange, recipient::of_answer_to(question),
                                  0, bytes_of("42"));
  const auto try_as = [&](const recipient& who) { return two.from.open(answer, two.keys, who, two.got); };
  CHECK(try_as(recipient::of_answer_to({question.salt, question.number + 1})) != verdict::accepted);
  CHECK(try_as(recipient::of_answer_to({salt_of(1), question.number})) == verdict::forged);
  CHECK(try_as(recipient::of(ann)) != verdict::accepted);
  CHECK(try_as(recipient::of_answer_to(question)) == verdict::accepted);
  CHECK(text_of(two.got.message) == "42");
}

TEST_CASE("no nonce comes twice under a key: not in one life, not in two with the same epoch and no disk") {
  const auto keys = ring_of({1});
  std::set<std::pair<salt, std::uint64_t>> nonces;
  constexpr int lives = 50, messages = 200;
  for (int life = 0; life < lives; ++life) {
    // As a node draws it, with no memory and no clock.
    sealing fresh("cluster", draw_salt(), 8);
    for (int i = 0; i < messages; ++i)
      nonces.insert(nonce_of(fresh.seal(*keys.primary(), content::packet, recipient::of(bob), 0, {})));
  }
  CHECK(nonces.size() == lives * messages);
  // And the same message under the same number of two lives has nothing in common.
  sealing one("cluster", salt_of(1), 8), other("cluster", salt_of(2), 8);
  const auto text = bytes_of(std::string(64, 'x'));
  const auto a = one.seal(*keys.primary(), content::packet, recipient::of(bob), 0, text);
  const auto b = other.seal(*keys.primary(), content::packet, recipient::of(bob), 0, text);
  int equal = 0;
  for (std::size_t i = 40; i < a.size(); ++i) equal += a[i] == b[i] ? 1 : 0;
  CHECK(equal < 10);
}

TEST_CASE("the table of windows is bounded: who is silent longest makes room, and outsiders make nobody") {
  const auto keys = ring_of({1});
  sealing at("cluster", salt_of(0), 4);
  opened got;
  std::vector<sealing> senders;
  for (std::uint8_t i = 1; i <= 5; ++i) senders.emplace_back("cluster", salt_of(i), 4);
  const auto say = [&](std::size_t who) {
    return at.open(senders[who].seal(*keys.primary(), content::packet, recipient::of(bob), 0, {}), keys,
                   recipient::of(bob), got);
  };
  for (const auto who : {0u, 1u, 2u, 3u, 0u}) CHECK(say(who) == verdict::accepted);
  const auto recorded = senders[0].seal(*keys.primary(), content::packet, recipient::of(bob), 0, {});
  CHECK(at.open(recorded, keys, recipient::of(bob), got) == verdict::accepted);
  CHECK(at.evicted() == 0);
  CHECK(say(4) == verdict::accepted);  // in the place of the second
  CHECK(at.lives() == 4);
  CHECK(at.evicted() == 1);
  CHECK(at.open(recorded, keys, recipient::of(bob), got) == verdict::replayed);
}

TEST_CASE("rubbish of all lengths changes nothing") {
  pair_of_nodes two;
  random_source random(11);
  const auto real = two.seal();
  for (int i = 0; i < 20'000; ++i) {
    bytes rubbish(random.below(200));
    for (auto& one : rubbish) one = static_cast<std::byte>(random() & 0xff);
    // Half of it has a real header, or a piece of one.
    if (i % 2 == 0)
      std::copy_n(real.begin(), std::min<std::size_t>(rubbish.size(), 1 + random.below(40)), rubbish.begin());
    CHECK(two.open(rubbish) != verdict::accepted);
  }
  CHECK(two.at.lives() == 0);
  CHECK(two.open(real) == verdict::accepted);
}
