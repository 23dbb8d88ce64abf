// Nodes on hosts whose network fails: parted for a while, deaf, and behind a bad cable. Real sockets, real
// kernels' queues, and nobody is told to join again afterwards.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/admin.troupe.hpp>
#include <troupe/node/node.hpp>

#include "partition/private_network.hpp"

namespace {

using namespace std::chrono_literals;
using troupe::membership::state;
using troupe::test::private_network;
using clock_type = std::chrono::steady_clock;

/// A cluster with one node on each host. Its nodes know the first one as their seed, and nothing else.
class town {
 public:
  explicit town(std::size_t hosts) : network_(hosts) {
    for (std::size_t i = 0; i < hosts; ++i) {
      troupe::node_options options;
      options.name = name_of(i);
      options.cluster = "town";
      options.listen = private_network::address_of(i) + ":7000";
      options.profile = troupe::membership_profile::local;
      options.log_level = "off";
      options.pool_threads = 1;
      if (i > 0) options.join = {private_network::address_of(0) + ":7000"};
      network_.on(i, [&] { nodes_.push_back(std::make_unique<troupe::node>(options)); });
    }
    REQUIRE(within(20s, [this] { return everybody_sees_everybody(state::alive); }));
  }

  const private_network& network() const { return network_; }
  static std::string name_of(std::size_t host) { return "host-" + std::to_string(host); }

  /// As `observer` sees it; `left` where it sees nobody of that name.
  state seen(std::size_t observer, std::size_t of) const {
    for (const auto& one : nodes_[observer]->members())
      if (one.name == name_of(of)) return one.state;
    return state::left;
  }

  bool everybody_sees_everybody(state how) const { return all_see(0, nodes_.size(), 0, nodes_.size(), how); }
  /// Each of the one half sees each of the other half so, itself left aside.
  bool all_see(std::size_t first, std::size_t last, std::size_t other, std::size_t other_last,
               state how) const {
    for (auto i = first; i < last; ++i)
      for (auto j = other; j < other_last; ++j)
        if (i != j && seen(i, j) != how) return false;
    return true;
  }

  template <class Condition>
  static bool within(std::chrono::milliseconds limit, Condition holds) {
    const auto end = clock_type::now() + limit;
    while (!holds()) {
      if (clock_type::now() > end) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }

  /// Who was held for dead by `observer` so far, each time.
  std::vector<std::string> deaths_seen_by(std::size_t observer) const {
    const auto& who = *nodes_[observer];
    const auto told = who.client<troupe::admin::Admin>().events(0).on(who.self().node).wait();
    REQUIRE_MESSAGE(told, (told ? "" : told.error().explain()));
    std::vector<std::string> all;
    for (const auto one : told->getEvents())
      if (one.getKind() == "died") all.emplace_back(one.getName().cStr());
    return all;
  }

 private:
  private_network network_;
  std::vector<std::unique_ptr<troupe::node>> nodes_;
};

/// Says so where it cannot be.
bool possible() {
  const auto why = private_network::obstacle();
  if (why) std::printf("skipped, as this machine has no network namespaces for us: %s\n", why->c_str());
  return !why;
}

double seconds_since(clock_type::time_point then) {
  return std::chrono::duration<double>(clock_type::now() - then).count();
}

}  // namespace

TEST_CASE("two halves that were parted find together by themselves") {
  if (!possible()) return;
  const town six(6);
  six.network().split_from(3);
  REQUIRE(town::within(
      30s, [&] { return six.all_see(0, 3, 3, 6, state::dead) && six.all_see(3, 6, 0, 3, state::dead); }));
  CHECK(six.all_see(0, 3, 0, 3, state::alive));
  CHECK(six.all_see(3, 6, 3, 6, state::alive));
  six.network().join_again();
  const auto healed = clock_type::now();
  CHECK(town::within(20s, [&] { return six.everybody_sees_everybody(state::alive); }));
  std::printf("healed after %.2f s\n", seconds_since(healed));
}

TEST_CASE("a node that hears nothing is held for dead, takes nobody along, and comes back") {
  if (!possible()) return;
  const town six(6);
  six.network().lose(5, private_network::way::to_host, 1);
  const auto deaf = clock_type::now();
  REQUIRE(town::within(30s, [&] { return six.all_see(0, 5, 5, 6, state::dead); }));
  std::printf("a deaf node was out after %.2f s\n", seconds_since(deaf));
  // It has gone on talking all the while.
  std::this_thread::sleep_for(3s);
  six.network().lose(5, private_network::way::to_host, 0);
  const auto back = clock_type::now();
  CHECK(town::within(20s, [&] { return six.everybody_sees_everybody(state::alive); }));
  std::printf("and back after %.2f s\n", seconds_since(back));
  for (std::size_t i = 0; i < 5; ++i)
    for (const auto& who : six.deaths_seen_by(i)) CHECK(who == town::name_of(5));
}

TEST_CASE("a node behind a cable that loses a fifth of its packets stays, and so do the others") {
  if (!possible()) return;
  const town six(6);
  six.network().lose(5, private_network::way::to_host, .2);
  six.network().lose(5, private_network::way::from_host, .2);
  std::this_thread::sleep_for(15s);
  for (std::size_t i = 0; i < 6; ++i) {
    const auto dead = six.deaths_seen_by(i);
    CHECK_MESSAGE(dead.empty(), "host-" << i << " held for dead: " << (dead.empty() ? "" : dead.front()));
  }
  six.network().lose(5, private_network::way::to_host, 0);
  six.network().lose(5, private_network::way::from_host, 0);
  CHECK(town::within(10s, [&] { return six.everybody_sees_everybody(state::alive); }));
}
