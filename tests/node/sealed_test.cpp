// Nodes with gossip keys, over real sockets: who gets in, how keys change, and how a node that was away comes
// back with its keyring.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include <troupe/admin.troupe.hpp>
#include <troupe/crypto/ring_file.hpp>
#include <troupe/crypto/sealing.hpp>

#include "service/lab.hpp"

using namespace troupe;
using namespace std::chrono_literals;
using lab::eventually;

namespace {

/// A keyring a node, gone with the test.
class keyrings {
 public:
  explicit keyrings(const crypto::ring& keys) {
    std::string name = "/tmp/troupe-sealed-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    for (const auto* node : {"n0", "n1", "n2", "n3"}) REQUIRE(write_ring_file(of(node), keys));
  }
  ~keyrings() {
    for (const auto* node : {"n0", "n1", "n2", "n3"}) std::remove(of(node).c_str());
    ::rmdir(folder_.c_str());
  }
  std::string of(const std::string& node) const { return folder_ + "/" + node; }

 private:
  std::string folder_;
};

crypto::ring one_key() {
  crypto::ring keys;
  REQUIRE(keys.install(crypto::key::generate()));
  return keys;
}

struct trio {
  trio() {
    for (const auto* name : {"n0", "n1", "n2"}) start(name);
    REQUIRE(eventually([&] { return all_know(3); }));
    // The router hears of members in batches, a little after the node does.
    for (const auto& each : nodes) REQUIRE(eventually([&] { return answers(*each); }));
  }

  node& start(const std::string& name) {
    auto options = lab::options_of(name);
    options.pool_threads = 1;
    options.keyring = files.of(name);
    for (const auto& each : nodes) options.join.push_back(lab::address_of(*each));
    nodes.push_back(std::make_unique<node>(options));
    nodes.back()->ready();
    return *nodes.back();
  }
  bool all_know(std::size_t count) const {
    for (const auto& each : nodes)
      if (lab::servers_known(*each, "troupe.Admin") != count) return false;
    return true;
  }
  bool answers(const node& whom) const {
    auto asked = nodes[0]->client<admin::Admin>().node().on(whom.self().node).within(100ms);
    return static_cast<bool>(std::move(asked).wait());
  }
  /// What a node says of a key: "primary", its standing, or nothing.
  std::string says(const node& whom, const std::string& id) const {
    auto asked = nodes[0]->client<admin::Admin>().keys().on(whom.self().node).within(100ms);
    const auto told = std::move(asked).wait();
    if (!told) return "";
    for (const auto key : told->getKeys())
      if (key.getId() == id.c_str()) return key.getPrimary() ? "primary" : key.getStanding().cStr();
    return "";
  }
  bool all_say(const std::string& id, const std::string& what) const {
    for (const auto& each : nodes)
      if (says(*each, id) != what) return false;
    return true;
  }
  /// As `troupe keys` gives it. The code that came back.
  code order(const node& to, const crypto::ring& with, const std::string& text) const {
    crypto::sealing seal(to.cluster(), crypto::draw_salt(), 1);
    const auto sealed = seal.seal(*with.primary(), crypto::content::order, crypto::recipient::of(to.self()),
                                  0, {reinterpret_cast<const std::byte*>(text.data()), text.size()});
    const auto done =
        nodes[0]
            ->client<admin::Admin>()
            .orderKeys([&](auto params) {
              params.setOrder({reinterpret_cast<const kj::byte*>(sealed.data()), sealed.size()});
            })
            .on(to.self().node)
            .wait();
    return done ? code::ok : done.error().code;
  }
  std::uint64_t counter(const node& of, const std::string& name) const {
    const auto links = nodes[0]->client<admin::Admin>().links().on(of.self().node).wait();
    REQUIRE_MESSAGE(links, links.error().explain());
    for (const auto one : links->getCounters())
      if (one.getName() == name.c_str()) return one.getValue();
    return 0;
  }

  crypto::ring first = one_key();
  keyrings files{first};
  std::vector<std::unique_ptr<node>> nodes;
};

}  // namespace

TEST_CASE("keys change while the nodes run, are kept, and let a node that was down meanwhile back in") {
  trio all;
  const auto old = to_string(all.first.primary()->id);
  const auto fresh = one_key();
  const auto next = to_string(fresh.primary()->id);
  all.nodes.pop_back();  // n2 goes; its keyring stays
  REQUIRE(eventually([&] { return all.all_know(2); }));

  REQUIRE(all.order(*all.nodes[1], all.first, "install " + fresh.primary()->secret->to_text()) == code::ok);
  REQUIRE(eventually([&] { return all.all_say(next, "held"); }));
  REQUIRE(all.order(*all.nodes[0], all.first, "use " + next) == code::ok);
  REQUIRE(eventually([&] { return all.all_say(next, "primary"); }));
  REQUIRE(all.order(*all.nodes[1], fresh, "retire " + old) == code::ok);
  REQUIRE(eventually([&] { return all.all_say(old, "retired"); }));
  CHECK(all.order(*all.nodes[0], all.first, "use " + old) == code::unauthenticated);
  CHECK(all.counter(*all.nodes[0], "gossip_suspicions") + all.counter(*all.nodes[1], "gossip_suspicions") ==
        0);
  const auto kept = [&](const std::string& name) {
    const auto ring = crypto::read_ring_file(all.files.of(name));
    return ring && to_string(ring->primary()->id) == next;
  };
  CHECK(eventually([&] { return kept("n0") && kept("n1"); }));
  CHECK_FALSE(kept("n2"));

  all.start("n2");
  CHECK(eventually([&] { return all.all_know(3) && all.all_say(next, "primary"); }));
  CHECK(eventually([&] { return kept("n2"); }));
}

TEST_CASE("who has no key, or another one, gets nothing and is nobody; an observer with a key sees all") {
  trio all;
  const auto seed = lab::address_of(*all.nodes[0]);
  auto open = lab::options_of("open", {seed});
  const node without(open);
  auto wrong = lab::options_of("wrong", {seed});
  wrong.gossip_key = crypto::key::generate().to_text();
  const node other(wrong);
  const auto refused = [&] {
    return all.counter(*all.nodes[0], "gossip_unsealed") > 0 &&
           all.counter(*all.nodes[0], "gossip_unknown_keys") > 0;
  };
  CHECK(eventually(refused));
  CHECK_FALSE(without.joined());
  CHECK_FALSE(other.joined());
  CHECK(all.all_know(3));

  auto watching = lab::options_of("", {seed});
  watching.role = gossip::role::observer;
  watching.gossip_key = all.first.primary()->secret->to_text();
  const node tool(watching);
  CHECK(eventually([&] { return lab::servers_known(tool, "troupe.Admin") == 3; }));
  watching.gossip_key.clear();
  const node blind(watching);
  CHECK_FALSE(eventually([&] { return blind.joined(); }, std::chrono::milliseconds(300)));
}

TEST_CASE("a node does not start with a keyring that is missing, open to others, or nonsense") {
  const keyrings files(one_key());
  auto options = lab::options_of("n0");
  options.keyring = files.of("nobody");
  CHECK_THROWS_WITH_AS(node{options}, doctest::Contains("there is no keyring"), start_error);
  options.keyring = files.of("n0");
  { std::ofstream(options.keyring) << "what is this\n"; }
  CHECK_THROWS_WITH_AS(node{options}, doctest::Contains("line 1"), start_error);
  options.keyring.clear();
  options.gossip_key = "secret";
  CHECK_THROWS_WITH_AS(node{options}, doctest::Contains("option gossip-key"), start_error);
  // A key and a file that is not there yet: the file is made, and counts from then on.
  options.gossip_key = crypto::key::generate().to_text();
  options.keyring = files.of("n3");
  std::remove(options.keyring.c_str());
  const auto id = crypto::key::parse(options.gossip_key)->id();
  { const node first(options); }
  CHECK(crypto::read_ring_file(options.keyring)->primary()->id == id);
  options.gossip_key = crypto::key::generate().to_text();
  { const node second(options); }
  CHECK(crypto::read_ring_file(options.keyring)->primary()->id == id);
}
