// What the choice of a replica costs: a pick among 10, 100 and 1,000, and a call's whole way through the
// router core (begin, answered) without any input or output. Google Benchmark.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <troupe/balance/fleet.hpp>
#include <troupe/balance/policy.hpp>
#include <troupe/routing/router.hpp>

namespace {

using namespace troupe;

constexpr duration between_calls = 2us;

void pick(benchmark::State& state, balance::policy_kind kind) {
  const balance::options settings;
  time_point now{1000s};
  balance::fleet replicas(settings, 1, now);
  random_source random(7);
  const auto policy = balance::make_policy(kind);
  const auto count = static_cast<std::uint32_t>(state.range(0));
  for (std::uint32_t i = 0; i < count; ++i) {
    balance::replica_facts facts;
    facts.node = {i + 1};
    replicas.set(replicas.add(facts), balance::standing::unreachable, false);
  }
  balance::load_report load;
  load.in_flight = 1;
  load.workers = load.limit = 4;
  load.service_time = 100us;
  const auto answer = [&](const balance::choice& picked, time_point started) {
    balance::completion how;
    how.started = started;
    how.depth = picked.depth;
    how.load = &load;
    replicas.ended(picked.replica, picked.life, how, now);
  };
  for (std::uint32_t i = 0; i < 10 * count; ++i) {  // everyone is known and warm
    const auto picked = replicas.pick(*policy, {}, random, now);
    replicas.began(*picked, now);
    now += 100us;
    answer(*picked, now - 100us);
  }
  now += 5s;
  balance::request what;
  what.key = kind == balance::policy_kind::consistent_hash ? std::optional<std::uint64_t>(7) : std::nullopt;
  for (auto each : state) {
    now += between_calls;
    const auto picked = replicas.pick(*policy, what, random, now);
    benchmark::DoNotOptimize(picked);
  }
}
BENCHMARK_CAPTURE(pick, dynamic_score, balance::policy_kind::dynamic_score)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(pick, least_loaded, balance::policy_kind::least_loaded)->Arg(10)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(pick, consistent_hash, balance::policy_kind::consistent_hash)->Arg(10)->Arg(100)->Arg(1000);

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
  balance::load_report load;
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
    core.begin({service, 0, retry::safety::idempotent, now + 1s, {}, {}}, now, out);
    if (const auto* sent = std::get_if<routing::transmit>(&out.back())) in_flight[next] = sent->attempt;
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
