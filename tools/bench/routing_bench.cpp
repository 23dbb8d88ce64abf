// What the choice of a replica costs among 10 to 10,000: the pick alone, a whole call's statistics (picked,
// began, ended with a load report), the memory that a replica takes, and a call's way through the router core
// (begin, answered) without any input or output. Google Benchmark.
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <troupe/balance/policy.hpp>
#include <troupe/balance/replica_set.hpp>
#include <troupe/routing/router.hpp>

namespace {

using namespace troupe;
using balance::policy_kind;

constexpr duration between_calls = 2us;
constexpr duration service_time = 100us;

/// A replica set where everybody is reachable, and known, and warm.
class crowd {
 public:
  crowd(std::uint32_t count, policy_kind kind) : policy_(balance::make_policy(kind)) {
    for (std::uint32_t i = 0; i < count; ++i) {
      balance::replica_facts facts;
      facts.node = {i + 1};
      replicas_.set(replicas_.add(facts), balance::standing::unreachable, false);
    }
    for (std::uint32_t i = 0; i < 5 * count; ++i) {
      balance::request what;
      const balance::replica_index next[] = {i % count};
      what.among = next;
      const balance::choice picked = *replicas_.pick(*policy_, what, random_, now_);
      replicas_.began(picked, now_);
      now_ += service_time;
      end(picked, now_ - service_time);
    }
    now_ += 5s;
  }

  enum class keys : bool { none, different };
  balance::choice pick(keys with, std::uint32_t group = 0) {
    now_ += between_calls;
    balance::request what;
    what.group = group;
    if (with == keys::different) what.key = ++key_;
    return *replicas_.pick(*policy_, what, random_, now_);
  }
  void begin(const balance::choice& picked) { replicas_.began(picked, now_); }
  void end(const balance::choice& picked, time_point started) {
    rpc::load_report load;
    load.in_flight = 1;
    load.workers = load.limit = 4;
    load.service_time = service_time;
    balance::completion how;
    how.group = picked.group;
    how.started = started;
    how.depth = picked.depth;
    how.load = &load;
    replicas_.ended(picked.replica, picked.life, how, now_);
  }
  time_point now() const { return now_; }

 private:
  balance::options settings_;
  time_point now_{1000s};
  balance::replica_set replicas_{settings_, 1, now_};
  std::unique_ptr<balance::policy> policy_;
  random_source random_{7};
  std::uint64_t key_ = 0;
};

std::uint32_t count_of(const benchmark::State& state) { return static_cast<std::uint32_t>(state.range(0)); }

void pick(benchmark::State& state, policy_kind kind, crowd::keys with) {
  crowd all(count_of(state), kind);
  (void)all.pick(with);  // builds tables
  for (auto each : state) benchmark::DoNotOptimize(all.pick(with));
}

/// As many calls in flight as a busy router has: each round, one begins and the oldest ends.
void whole_call(benchmark::State& state, policy_kind kind, crowd::keys with) {
  struct sent {
    balance::choice what;
    time_point at;
  };
  crowd all(count_of(state), kind);
  std::vector<sent> under_way(64);
  for (sent& each : under_way) {
    each = {all.pick(with), all.now()};
    all.begin(each.what);
  }
  std::size_t oldest = 0;
  for (auto each : state) {
    sent& it = under_way[oldest];
    all.end(it.what, it.at);
    it = {all.pick(with), all.now()};
    all.begin(it.what);
    oldest = (oldest + 1) % under_way.size();
  }
}

#define TROUPE_AMONG(bench, name, ...) \
  BENCHMARK_CAPTURE(bench, name, __VA_ARGS__)->RangeMultiplier(10)->Range(10, 10'000)
TROUPE_AMONG(pick, dynamic_score, policy_kind::dynamic_score, crowd::keys::none);
TROUPE_AMONG(pick, dynamic_score_keyed, policy_kind::dynamic_score, crowd::keys::different);
TROUPE_AMONG(pick, consistent_hash, policy_kind::consistent_hash, crowd::keys::different);
TROUPE_AMONG(pick, maglev, policy_kind::maglev, crowd::keys::different);
TROUPE_AMONG(pick, least_loaded, policy_kind::least_loaded, crowd::keys::none);
TROUPE_AMONG(pick, hcl, policy_kind::hcl, crowd::keys::none);
TROUPE_AMONG(pick, by_load, policy_kind::by_load,
             crowd::keys::none);  // a scan, as all that compare everybody
TROUPE_AMONG(whole_call, dynamic_score, policy_kind::dynamic_score, crowd::keys::none);
TROUPE_AMONG(whole_call, dynamic_score_keyed, policy_kind::dynamic_score, crowd::keys::different);
TROUPE_AMONG(whole_call, consistent_hash, policy_kind::consistent_hash, crowd::keys::different);
TROUPE_AMONG(whole_call, maglev, policy_kind::maglev, crowd::keys::different);
TROUPE_AMONG(whole_call, least_loaded, policy_kind::least_loaded, crowd::keys::none);
#undef TROUPE_AMONG

std::size_t heap_in_use() {
  const auto all = mallinfo2();
  return all.uordblks + all.hblkhd;
}

/// What a set of `range(0)` replicas holds on the heap, for each of them, with `range(1)` method groups
/// used.
void memory(benchmark::State& state) {
  double bytes = 0;
  for (auto each : state) {
    const std::size_t before = heap_in_use();
    const auto all = std::make_unique<crowd>(count_of(state), policy_kind::dynamic_score);
    for (std::uint32_t group = 0; group < state.range(1); ++group) (void)all->pick(crowd::keys::none, group);
    bytes = static_cast<double>(heap_in_use() - before);
  }
  state.counters["bytes_per_replica"] = bytes / static_cast<double>(state.range(0));
}
BENCHMARK(memory)->ArgsProduct({{100, 1'000, 10'000}, {1, 4}})->Iterations(1)->Unit(benchmark::kMillisecond);

/// `range(1)` calls are always in flight; the oldest is answered, a new one begins.
void call(benchmark::State& state) {
  time_point now{1000s};
  routing::router core({}, {1}, "", 7, now);
  routing::actions out;
  const routing::service_ref service = core.intern("bench.Service");
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(state.range(0)); ++i) {
    routing::node_view node;
    node.self = {{i + 10}, {1}};
    node.services.push_back({"bench.Service", 100});
    core.node_changed(node, now, out);
    core.link_up(node.self.node, now, out);
  }
  rpc::load_report load;
  load.in_flight = 1;
  load.workers = load.limit = 4;
  load.service_time = 50us;
  std::vector<attempt_id> in_flight(static_cast<std::size_t>(state.range(1)));
  std::size_t next = 0;
  const auto round = [&] {
    now += between_calls;
    if (in_flight[next])
      core.answered(in_flight[next], {retry::fate::answered, code::ok, {}, &load}, now, out);
    out.clear();
    core.begin({.service = service,
                .traits = {.safety = rpc::safety::idempotent},
                .deadline = now + 1s,
                .affinity = {},
                .only = {}},
               now, out);
    for (const auto& each : out)
      if (const auto* sent = std::get_if<routing::transmit>(&each)) in_flight[next] = sent->attempt;
    next = (next + 1) % in_flight.size();
    if (core.next_deadline() <= now) core.tick(now, out);
    out.clear();
  };
  for (int i = 0; i < 100'000; ++i) round();
  for (auto each : state) round();
}
BENCHMARK(call)->Args({3, 64})->Args({10, 64})->Args({10, 1024})->Args({100, 64});

}  // namespace

BENCHMARK_MAIN();
