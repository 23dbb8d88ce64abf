// Whole clusters of membership cores on a small network in memory, in virtual time.
//
// The network loses, delays, cuts and pauses by one seed. Every assertion carries it: the same seed gives
// the same run, event by event.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/hash.hpp>
#include <troupe/membership/core.hpp>

namespace {

using namespace troupe;
using namespace troupe::membership;

struct weather {
  double loss = 0;
  duration delay_min = 200us;
  duration delay_max = 2ms;
};

class network {
 public:
  explicit network(std::uint64_t seed, options settings = {}) : settings_(settings), random_(seed) {}
  network(const network&) = delete;

  static endpoint address_of(int node) {
    endpoint where = *parse_endpoint("10.0.0.0:7000");
    where.address[14] = static_cast<std::uint8_t>(node >> 8);
    where.address[15] = static_cast<std::uint8_t>(node);
    return where;
  }
  static std::string name_of(int node) { return "node-" + std::to_string(node); }
  static node_id id_of(int node) { return node_id_of("test", name_of(node)); }

  /// Starts (or restarts, with a higher epoch) a process.
  void start(int node, std::vector<int> seeds, std::size_t services = 1) {
    auto& place = nodes_[node];
    place.running = true;
    ++place.life;
    place.scheduled = never;
    const identity self{id_of(node),
                        {1'000'000 + static_cast<std::uint64_t>(now_.time_since_epoch().count())}};
    place.brain = std::make_unique<core>(settings_, self, name_of(node), address_of(node), random_(), now_);
    std::vector<endpoint> addresses;
    for (const int seed : seeds) addresses.push_back(address_of(seed));
    act(node, [&](core& brain, actions& out) {
      std::vector<service_entry> offered;
      for (std::size_t i = 0; i < services; ++i)
        offered.push_back({"shop.Service" + std::to_string(i) + std::string(20, 'x'), i + 1, 100});
      brain.publish(offered, "zone-" + std::to_string(node % 3), now_, out);
      brain.set_mode(mode::ready, now_, out);
      brain.join(addresses, now_, out);
    });
  }

  void crash(int node) { nodes_[node].running = false; }

  void pause(int node, duration how_long) {
    auto& place = nodes_[node];
    place.paused_until = now_ + how_long;
    at(now_ + how_long, [this, node, life = place.life] {
      auto& resumed = nodes_[node];
      if (!resumed.running || resumed.life != life) return;
      // The kernel's buffer comes first, as in a node that reads its socket before its timers.
      auto waiting = std::move(resumed.buffer);
      resumed.buffer.clear();
      for (const auto& one : waiting)
        act(node, [&](core& brain, actions& out) { brain.receive(one.what, one.to, now_, out); });
      act(node, [&](core& brain, actions& out) { brain.tick(now_, out); });
    });
  }

  /// Two groups that do not hear each other: nodes below `border`, and the others.
  void split(int border) { border_ = border; }
  void heal() { border_.reset(); }

  void leave(int node) {
    act(node, [&](core& brain, actions& out) { brain.leave(now_, out); });
  }

  void act(int node, const std::function<void(core&, actions&)>& what) {
    auto& place = nodes_[node];
    actions out;
    what(*place.brain, out);
    for (const auto& happened : out.events) record(node, happened);
    for (auto& packet : out.packets) deliver(node, std::move(packet));
    for (const auto& with : out.exchanges) exchange(node, with);
    schedule(node);
  }

  void run(duration how_long) {
    const auto end = now_ + how_long;
    while (!queue_.empty() && queue_.top().when <= end) {
      auto next = queue_.top();
      queue_.pop();
      now_ = next.when;
      next.what();
    }
    now_ = end;
  }

  /// Runs until `condition` holds, in steps of 100 ms; how long that took, or nothing within `limit`.
  std::optional<duration> run_until(duration limit, const std::function<bool()>& condition) {
    for (duration waited{0}; waited <= limit; waited += 100ms) {
      if (condition()) return waited;
      run(100ms);
    }
    return std::nullopt;
  }

  state seen(int observer, int subject) {
    const auto& known = nodes_.at(observer).brain->members();
    const auto found = known.find(id_of(subject));
    return found == known.end() ? state::left : found->second.state;
  }

  /// Every running node holds exactly the running ones for alive, with the documents they published.
  bool agree() {
    std::size_t running = 0;
    for (const auto& [node, place] : nodes_) running += place.running;
    for (const auto& [node, place] : nodes_) {
      if (!place.running) continue;
      std::size_t alive = 0;
      for (const auto& [id, known] : place.brain->members()) {
        if (known.state == state::suspect) return false;
        if (known.state != state::alive) continue;
        ++alive;
        if (known.document.services.empty() || known.mode != mode::ready) return false;
      }
      if (alive != running) return false;
    }
    return true;
  }

  bool all_see(int subject, state wanted) {
    for (const auto& [node, place] : nodes_)
      if (place.running && node != subject && seen(node, subject) != wanted) return false;
    return true;
  }

  int count(event_kind kind) const {
    const auto found = counts_.find(kind);
    return found == counts_.end() ? 0 : found->second;
  }
  int wrong_deaths() const { return wrong_deaths_; }
  std::uint64_t trace() const { return trace_; }
  std::uint64_t lost() const { return lost_; }
  std::uint64_t bytes() const { return bytes_; }
  std::size_t largest_packet() const { return largest_packet_; }
  core& brain(int node) { return *nodes_.at(node).brain; }
  time_point now() const { return now_; }
  weather conditions;

 private:
  struct node_place {
    std::unique_ptr<core> brain;
    bool running = false;
    int life = 0;
    time_point paused_until{};
    time_point scheduled = never;
    std::vector<actions::send> buffer;  // `to` holds the sender's address
  };
  struct occurrence {
    time_point when;
    std::uint64_t number;
    std::function<void()> what;
    bool operator<(const occurrence& other) const {
      return when != other.when ? when > other.when : number > other.number;
    }
  };

  void at(time_point when, std::function<void()> what) { queue_.push({when, ++number_, std::move(what)}); }

  static int node_of(const endpoint& where) { return where.address[14] << 8 | where.address[15]; }
  bool cut(int a, int b) const { return border_ && (a < *border_) != (b < *border_); }
  duration latency() {
    return from_seconds(random_.between(to_seconds(conditions.delay_min), to_seconds(conditions.delay_max)));
  }

  void schedule(int node) {
    auto& place = nodes_[node];
    const auto due = std::max(place.brain->next_deadline(), now_);
    if (due == never || due >= place.scheduled) return;
    place.scheduled = due;
    at(due, [this, node, due, life = place.life] {
      auto& ticked = nodes_[node];
      if (!ticked.running || ticked.life != life || ticked.scheduled != due) return;
      ticked.scheduled = never;
      if (now_ < ticked.paused_until) return;
      act(node, [&](core& brain, actions& out) { brain.tick(now_, out); });
    });
  }

  void deliver(int from, actions::send sent) {
    std::size_t size = packet_overhead_bytes;
    for (const auto& fact : sent.what.updates) size += size_bound(fact);
    largest_packet_ = std::max(largest_packet_, size);
    bytes_ += size;
    const int to = node_of(sent.to);
    if (cut(from, to) || random_.unit() < conditions.loss) {
      ++lost_;
      return;
    }
    at(now_ + latency(), [this, from, to, what = std::move(sent.what)] {
      const auto found = nodes_.find(to);
      if (found == nodes_.end() || !found->second.running || cut(from, to)) return;
      if (now_ < found->second.paused_until) {
        if (found->second.buffer.size() < 200) found->second.buffer.push_back({address_of(from), what});
        return;
      }
      act(to, [&](core& brain, actions& out) { brain.receive(what, address_of(from), now_, out); });
    });
  }

  bool reachable(int from, int to) {
    const auto found = nodes_.find(to);
    return found != nodes_.end() && found->second.running && now_ >= found->second.paused_until &&
           !cut(from, to);
  }

  void exchange(int from, endpoint with) {
    const int to = node_of(with);
    auto said = nodes_[from].brain->make_snapshot();
    at(now_ + 2 * latency(), [this, from, to, with, said = std::move(said), life = nodes_[from].life] {
      if (!reachable(from, to)) {
        at(now_ + 100ms, [this, from, with, life] {
          if (nodes_[from].running && nodes_[from].life == life)
            act(from, [&](core& brain, actions& out) { brain.exchange_failed(with, now_, out); });
        });
        return;
      }
      auto answer = nodes_[to].brain->make_snapshot();
      act(to, [&](core& brain, actions& out) { brain.merge(said, now_, out); });
      at(now_ + latency(), [this, from, life, answer = std::move(answer)] {
        if (nodes_[from].running && nodes_[from].life == life && now_ >= nodes_[from].paused_until)
          act(from, [&](core& brain, actions& out) { brain.merge(answer, now_, out); });
      });
    });
  }

  void record(int node, const event& happened) {
    ++counts_[happened.kind];
    trace_ = mix(trace_ ^ mix(static_cast<std::uint64_t>(now_.time_since_epoch().count())) ^
                 mix(static_cast<std::uint64_t>(node) << 8 | static_cast<std::uint64_t>(happened.kind)) ^
                 happened.subject.self.node.value);
    if (happened.kind != event_kind::died) return;
    for (const auto& [other, place] : nodes_)
      if (place.running && place.brain->self().self == happened.subject.self) ++wrong_deaths_;
  }

  options settings_;
  random_source random_;
  time_point now_{};
  std::uint64_t number_ = 0;
  std::priority_queue<occurrence> queue_;
  std::map<int, node_place> nodes_;
  std::optional<int> border_;
  std::map<event_kind, int> counts_;
  int wrong_deaths_ = 0;
  std::uint64_t trace_ = 1;
  std::uint64_t lost_ = 0;
  std::uint64_t bytes_ = 0;
  std::size_t largest_packet_ = 0;
};

constexpr std::uint64_t seeds[] = {1, 2, 3, 4, 5};

/// `size` nodes that start within a second, all with node 0 as their seed, until all agree.
void grow(network& net, int size) {
  for (int node = 0; node < size; ++node) {
    net.start(node, {0});
    net.run(duration(1s) / size);
  }
  const auto took = net.run_until(15s, [&] { return net.agree(); });
  REQUIRE(took);
}

}  // namespace

TEST_CASE("joiners of one seed all know each other and their services within seconds") {
  for (const int size : {2, 3, 5, 16, 64}) {
    for (const auto seed : seeds) {
      CAPTURE(seed);
      CAPTURE(size);
      network net(seed);
      for (int node = 0; node < size; ++node) net.start(node, {0});
      CHECK(net.run_until(size <= 16 ? 3s : 12s, [&] { return net.agree(); }));
      CHECK(net.largest_packet() <= options{}.packet_bytes_max);
      CHECK(net.count(event_kind::joined) == size * (size - 1));
    }
  }
}

TEST_CASE("nodes that name all of a list as seeds start in any order") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    network net(seed);
    for (const int node : {3, 1}) net.start(node, {0, 1, 2, 3});
    net.run(3s);
    for (const int node : {2, 0}) net.start(node, {0, 1, 2, 3});
    CHECK(net.run_until(15s, [&] { return net.agree(); }));
  }
}

TEST_CASE("a calm cluster declares nobody dead, and keeps no news") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    network net(seed);
    grow(net, 16);
    net.run(600s);
    CHECK(net.count(event_kind::suspected) == 0);
    CHECK(net.count(event_kind::died) == 0);
    CHECK(net.agree());
    const auto before = net.bytes();
    net.run(100s);
    CHECK((net.bytes() - before) / (16 * 100) < 400);  // bytes per node per second: a ping and an ack
  }
}

TEST_CASE("5% of loss declares nobody dead, and all still agree") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    network net(seed);
    grow(net, 32);
    net.conditions.loss = 0.05;
    net.run(300s);
    CHECK(net.lost() > 100);
    CHECK(net.wrong_deaths() == 0);
    net.conditions.loss = 0;
    CHECK(net.run_until(30s, [&] { return net.agree(); }));
  }
}

TEST_CASE("a crash is known to all within the suspicion's bounds") {
  for (const int size : {3, 5, 16, 64}) {
    for (const auto seed : seeds) {
      CAPTURE(seed);
      CAPTURE(size);
      network net(seed);
      grow(net, size);
      net.crash(1);
      const auto bounds = bounds_of({}, static_cast<std::size_t>(size));
      // Two rounds until the first probe of it fails at worst, but the many probe in parallel.
      const auto took = net.run_until(bounds.longest + 10s, [&] { return net.all_see(1, state::dead); });
      REQUIRE(took);
      CHECK(*took >= bounds.shortest);
      if (size >= 16) CHECK(*took <= bounds.shortest + 8s);
      CHECK(net.wrong_deaths() == 0);
    }
  }
}

TEST_CASE("on one machine a crash is known to all within three seconds") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    network net(seed, options::local());
    grow(net, 6);
    net.crash(2);
    CHECK(net.run_until(4s, [&] { return net.all_see(2, state::dead); }));
    CHECK(net.wrong_deaths() == 0);
  }
}

TEST_CASE("a leave is known to all within a second, without suspicion") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    network net(seed);
    grow(net, 32);
    net.leave(5);
    net.run(100ms);
    net.crash(5);
    CHECK(net.run_until(1s, [&] { return net.all_see(5, state::left); }));
    net.run(60s);
    CHECK(net.count(event_kind::suspected) == 0);
  }
}

TEST_CASE("a restart is known to all within two seconds, long before its old life would have been dead") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    network net(seed);
    grow(net, 32);
    net.crash(5);
    net.run(500ms);
    net.start(5, {0});
    const auto life = net.brain(5).self().self;
    const auto took = net.run_until(2s, [&] {
      for (int node = 0; node < 32; ++node)
        if (net.brain(node).members().at(life.node).self != life) return false;
      return net.agree();
    });
    CHECK(took);
    net.run(60s);
    CHECK(net.count(event_kind::died) == 0);
  }
}

TEST_CASE("a split in halves heals without anybody asking a seed") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    network net(seed);
    grow(net, 24);
    net.split(12);
    net.run(180s);
    REQUIRE(net.seen(0, 20) == state::dead);
    REQUIRE(net.seen(20, 0) == state::dead);
    net.heal();
    const auto took = net.run_until(20s, [&] { return net.agree(); });
    CHECK(took);
    const auto deaths = net.count(event_kind::died);
    net.run(120s);
    CHECK(net.count(event_kind::died) == deaths);
    CHECK(net.agree());
  }
}

TEST_CASE("a node that was alone for long is back within seconds") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    network net(seed);
    grow(net, 16);
    net.split(1);
    net.run(600s);
    REQUIRE(net.seen(0, 7) == state::dead);
    REQUIRE(net.seen(7, 0) == state::dead);
    net.heal();
    CHECK(net.run_until(15s, [&] { return net.agree(); }));
  }
}

TEST_CASE("a paused node accuses nobody when it goes on, and is believed again") {
  for (const auto pause : {1s, 3s, 10s, 30s}) {
    for (const auto seed : seeds) {
      CAPTURE(seed);
      CAPTURE(pause.count());
      network net(seed);
      grow(net, 16);
      net.pause(3, pause);
      net.run(pause - 1ms);
      const auto deaths = net.count(event_kind::died);
      net.run(1ms);
      CHECK(net.run_until(10s, [&] { return net.agree(); }));
      CHECK(net.count(event_kind::died) == deaths);
      for (int node = 0; node < 16; ++node)
        if (node != 3) CHECK(net.brain(node).self().incarnation == net.brain(0).self().incarnation);
    }
  }
}

TEST_CASE("documents too large for a packet reach everybody by stream") {
  for (const auto seed : seeds) {
    CAPTURE(seed);
    network net(seed);
    grow(net, 16);
    net.start(16, {0}, 80);
    const auto took = net.run_until(10s, [&] {
      for (int node = 0; node <= 16; ++node) {
        const auto& known = net.brain(node).members();
        const auto found = known.find(network::id_of(16));
        if (found == known.end() || found->second.document.services.size() != 80) return false;
      }
      return true;
    });
    CHECK(took);
    CHECK(net.largest_packet() <= options{}.packet_bytes_max);
  }
}

TEST_CASE("crashes, restarts, splits and loss in any order end in one view") {
  for (std::uint64_t seed = 100; seed < 120; ++seed) {
    CAPTURE(seed);
    random_source faults(seed);
    const int size = 4 + static_cast<int>(faults.below(12));
    network net(seed);
    grow(net, size);
    std::set<int> down;
    for (int step = 0; step < 25; ++step) {
      const int node = static_cast<int>(faults.below(static_cast<std::uint32_t>(size)));
      switch (faults.below(7)) {
        case 0:
          if (down.size() + 2 < static_cast<std::size_t>(size) && down.insert(node).second) net.crash(node);
          break;
        case 1:
          if (down.erase(node)) net.start(node, {(node + 1) % size, (node + 2) % size});
          break;
        case 2:
          net.split(1 + static_cast<int>(faults.below(static_cast<std::uint32_t>(size - 1))));
          break;
        case 3:
          net.heal();
          break;
        case 4:
          net.conditions.loss = faults.between(0, 0.3);
          break;
        case 5:
          if (!down.contains(node)) net.pause(node, from_seconds(faults.between(0.1, 20)));
          break;
        default:
          net.conditions.loss = 0;
          break;
      }
      net.run(from_seconds(faults.between(0.1, 30)));
    }
    net.heal();
    net.conditions.loss = 0;
    CHECK(net.run_until(90s, [&] { return net.agree(); }));
  }
}

TEST_CASE("the same seed gives the same run") {
  const auto run = [](std::uint64_t seed) {
    network net(seed);
    grow(net, 12);
    net.conditions.loss = 0.2;
    net.crash(3);
    net.run(30s);
    net.split(5);
    net.run(60s);
    net.heal();
    net.start(3, {0});
    net.run(30s);
    return net.trace();
  };
  CHECK(run(7) == run(7));
  CHECK(run(7) != run(8));
}
