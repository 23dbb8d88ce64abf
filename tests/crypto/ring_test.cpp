// The ring: its life, its merges, its text, its file.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <troupe/base/random.hpp>
#include <troupe/crypto/ring.hpp>
#include <troupe/crypto/ring_file.hpp>

#include "crypto/keys_fixture.hpp"

using namespace troupe;
using namespace troupe::crypto;
using troupe::test::key_of;

namespace {

/// A folder that is gone with the test.
class folder {
 public:
  folder() {
    std::string name = "/tmp/troupe-ring-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~folder() {
    std::remove(file().c_str());
    ::rmdir(path_.c_str());
  }
  std::string file() const { return path_ + "/keys"; }
  void write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(file()) << text;
    REQUIRE(::chmod(file().c_str(), mode) == 0);
  }

 private:
  std::string path_;
};

/// One order, chosen by chance, which may be refused.
void give_any_order(ring& to, random_source& random, wall_seconds now) {
  const auto some = [&] { return key_of(static_cast<std::uint8_t>(1 + random.below(6))); };
  switch (random.below(4)) {
    case 0:
      return (void)to.install(some());
    case 1:
      return (void)to.use(some().id());
    case 2:
      return (void)to.retire(some().id(), retirement::routine, now);
    default:
      return (void)to.retire(some().id(), retirement::compromised, now);
  }
}

}  // namespace

TEST_CASE("a key is its 44 characters and nothing else, and its id follows from it") {
  const auto made = key::generate();
  const auto text = made.to_text();
  CHECK(text.size() == 44);
  const auto back = key::parse(text);
  REQUIRE(back);
  CHECK(*back == made);
  CHECK(back->id() == made.id());
  CHECK(key::generate() != made);
  CHECK(parse_key_id(to_string(made.id())) == made.id());
  CHECK_FALSE(parse_key_id("3f9a01b"));
  CHECK_FALSE(parse_key_id("3f9a01bcd"));
  CHECK_FALSE(parse_key_id("3f9a01bg"));
  auto ends_otherwise = text;  // the last character but one has two bits that mean nothing
  ends_otherwise[42] = static_cast<char>(ends_otherwise[42] + 1);
  for (const auto& wrong : {std::string(), text.substr(1), text + "=", std::string(44, '!'), " " + text,
                            std::string(44, 'A'), ends_otherwise}) {
    const auto read = key::parse(wrong);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == code::invalid_argument);
    if (!wrong.empty()) CHECK(read.error().text.find(wrong) == std::string::npos);
  }
}

TEST_CASE("a rotation: install, use, retire, and after three days forget") {
  ring keys;
  CHECK(keys.primary() == nullptr);
  const auto old = *keys.install(key_of(1));
  CHECK(keys.primary()->id == old);
  const auto fresh = *keys.install(key_of(2));
  CHECK(keys.primary()->id == old);
  CHECK(keys.install(key_of(2)).error().code == code::already_exists);
  CHECK(keys.retire(old, retirement::routine, 100).error().code == code::failed_precondition);
  CHECK(keys.use({1}).error().code == code::not_found);
  CHECK(keys.retire({1}, retirement::routine, 100).error().code == code::not_found);
  REQUIRE(keys.use(fresh));
  CHECK(keys.primary()->id == fresh);
  REQUIRE(keys.retire(old, retirement::routine, 100));
  CHECK(keys.find(old)->standing == standing::retired);
  CHECK(keys.find(old)->secret);
  CHECK(keys.use(old).error().code == code::failed_precondition);
  CHECK(keys.install(key_of(1)).error().text.find("cannot come back") != std::string::npos);
  CHECK_FALSE(keys.forget_the_old(99 + ring::remembered_for));
  CHECK(keys.forget_the_old(100 + ring::remembered_for));
  CHECK(keys.find(old)->standing == standing::forgotten);
  CHECK_FALSE(keys.find(old)->secret);
  // A stolen one is forgotten at once, also when it was retired in peace before.
  const auto third = *keys.install(key_of(3));
  REQUIRE(keys.retire(third, retirement::compromised, 200));
  CHECK_FALSE(keys.find(third)->secret);
}

TEST_CASE("a ring holds so many keys and no more") {
  ring keys;
  for (std::uint8_t i = 1; i <= ring::keys_max; ++i) REQUIRE(keys.install(key_of(i)));
  CHECK(keys.install(key_of(99)).error().code == code::resource_exhausted);
  // With every number at its largest it fits into a packet.
  ring full;
  std::string text;
  for (std::uint8_t i = 1; i <= ring::keys_max + ring::forgotten_max; ++i) {
    const bool kept = i <= ring::keys_max;
    text += "key " + to_string(key_of(i).id()) + (kept ? " retired" : " forgotten") +
            " use=281474976710656 at=" + "1099511627776" + (kept ? " " + key_of(i).to_text() : "") + "\n";
  }
  const auto read = parse_ring(text);
  REQUIRE_MESSAGE(read, read.error().text);
  CHECK(to_text(*read).size() <= ring::text_bytes_max);
  CHECK(*parse_ring(to_text(*read)) == *read);
}

TEST_CASE("rings that were told different orders in different order become one, whoever tells whom first") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    random_source random(seed);
    std::vector<ring> nodes(4);
    for (auto& one : nodes) REQUIRE(one.install(key_of(1)));
    for (wall_seconds now = 1; now < 30; ++now) {
      give_any_order(nodes[random.below(4)], random, now);
      auto& to = nodes[random.below(4)];
      const auto from = nodes[random.below(4)];
      const auto before = to;
      const bool changed = to.merge(from);
      CHECK(changed == !(to == before));
      CHECK_FALSE(to.merge(from));
      for (const auto& one : before.entries()) {
        const auto* after = to.find(one.id);
        if (after != nullptr) CHECK(after->standing >= one.standing);
      }
    }
    // Everybody to everybody, twice.
    for (int round = 0; round < 2; ++round)
      for (auto& to : nodes)
        for (const auto& from : nodes) to.merge(from);
    for (const auto& one : nodes) {
      CHECK(one == nodes[0]);
      CHECK(one.digest() == nodes[0].digest());
      // Two operators who both call the other's key stolen leave none, and nothing is sealed any more.
      const auto& all = one.entries();
      CHECK((one.primary() == nullptr) ==
            std::all_of(all.begin(), all.end(), [](const auto& each) { return !each.secret; }));
      CHECK(*parse_ring(to_text(one)) == one);
    }
  }
}

TEST_CASE("digests differ where rings differ") {
  ring keys;
  std::vector<std::uint32_t> seen = {keys.digest()};
  const auto changed = [&] {
    CHECK(std::count(seen.begin(), seen.end(), keys.digest()) == 0);
    seen.push_back(keys.digest());
  };
  const auto old = *keys.install(key_of(1));
  changed();
  const auto fresh = *keys.install(key_of(2));
  changed();
  REQUIRE(keys.use(fresh));
  changed();
  REQUIRE(keys.retire(old, retirement::routine, 5));
  changed();
  REQUIRE(keys.retire(old, retirement::compromised, 5));
  changed();
}

TEST_CASE("a ring's file comes back as it was, only its owner may read it, and its mistakes are named") {
  const folder here;
  const auto problem = [&] {
    const auto read = read_ring_file(here.file());
    REQUIRE_FALSE(read);
    CHECK(read.error().text.find(here.file()) != std::string::npos);
    return read.error();
  };
  CHECK(problem().code == code::not_found);
  CHECK(problem().text.find("troupe keys new " + here.file()) != std::string::npos);

  ring keys;
  const auto old = *keys.install(key_of(1));
  REQUIRE(keys.use(*keys.install(key_of(2))));
  REQUIRE(keys.retire(old, retirement::routine, 7));
  REQUIRE(write_ring_file(here.file(), keys));
  struct stat facts {};
  REQUIRE(::stat(here.file().c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK(*read_ring_file(here.file()) == keys);
  CHECK(::access((here.file() + ".new").c_str(), F_OK) != 0);

  here.write(to_text(keys), 0640);
  CHECK(problem().code == code::permission_denied);
  CHECK(problem().text.find("chmod 600") != std::string::npos);
  here.write("");
  CHECK(problem().text.find("has no key") != std::string::npos);
  here.write("# nothing\n\n");
  CHECK(problem().text.find("has no key") != std::string::npos);
  const auto secret = key_of(5).to_text();
  const auto id = to_string(key_of(5).id());
  for (const auto& flawed : std::vector<std::pair<std::string, std::string>>{
           {"secret", "line 1: that is no gossip key"},
           {secret + "\n" + secret + " more\n", "line 2: there is more"},
           {secret + "\n" + secret, "line 2: key " + id + " is there twice"},
           {"key " + id, "line 1: a line is"},
           {"key " + id + " held use=x " + secret, "line 1: a line is"},
           {"key " + id + " held use=1", "ends with its 44 characters"},
           {"key " + id + " held use=1 at=5 " + secret, "says at=SECONDS"},
           {"key " + id + " retired use=1 " + secret, "says at=SECONDS"},
           {"key " + id + " forgotten use=1 at=4 " + secret, "ends with its 44 characters"},
           {"key 00000000 held use=1 " + secret, "the key's id is " + id},
           {"key " + id + " held use=99999999999999999999 " + secret, "line 1: a line is"}}) {
    const auto& text = flawed.first;
    const auto& what = flawed.second;
    CAPTURE(text);
    here.write(text);
    const auto said = problem();
    CHECK(said.code == code::invalid_argument);
    CHECK_MESSAGE(said.text.find(what) != std::string::npos, said.text);
    CHECK(said.text.find(secret) == std::string::npos);
  }
  here.write(secret + "\n" + key_of(6).to_text() + "\n");
  const auto by_hand = read_ring_file(here.file());
  REQUIRE(by_hand);
  CHECK(by_hand->primary()->id == key_of(5).id());
  CHECK(by_hand->find(key_of(6).id())->use == 0);
  CHECK(write_ring_file("/nowhere/at/all", keys).error().code == code::unavailable);
}
