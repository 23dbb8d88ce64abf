// What sealing costs a packet: sealed and opened at three sizes, opened from many senders in turn, a first
// packet of a sender, a forged one, and a key of the ring derived for a life. Google Benchmark.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <troupe/crypto/sealing.hpp>

namespace {

using namespace troupe;
using namespace troupe::crypto;

constexpr identity receiver{{7}, {9}};

ring one_key() {
  ring made;
  (void)made.install(key::generate());
  return made;
}

std::vector<std::byte> packet_of(std::int64_t bytes) {
  return std::vector<std::byte>(static_cast<std::size_t>(bytes), std::byte{42});
}

void seal(benchmark::State& state) {
  const auto keys = one_key();
  sealing from("bench", draw_salt(), 1);
  const auto packet = packet_of(state.range(0));
  const auto to = recipient::of(receiver);
  for (auto _ : state) benchmark::DoNotOptimize(from.seal(*keys.primary(), content::packet, to, 1, packet));
}
BENCHMARK(seal)->Arg(128)->Arg(400)->Arg(1136);

/// Packets of `senders` in turn, made in batches while the clock stands still.
void open(benchmark::State& state) {
  constexpr std::size_t batch = 4096;
  const auto keys = one_key();
  const auto to = recipient::of(receiver);
  const auto packet = packet_of(state.range(0));
  sealing at("bench", draw_salt(), 100'000);
  std::vector<sealing> senders;
  for (std::int64_t i = 0; i < state.range(1); ++i) senders.emplace_back("bench", draw_salt(), 1);
  std::vector<std::vector<std::byte>> sealed;
  std::size_t turn = 0;
  opened got;
  for (auto _ : state) {
    if (sealed.empty()) {
      state.PauseTiming();
      for (std::size_t i = 0; i < batch; ++i)
        sealed.push_back(
            senders[turn++ % senders.size()].seal(*keys.primary(), content::packet, to, 1, packet));
      std::reverse(sealed.begin(), sealed.end());
      state.ResumeTiming();
    }
    if (at.open(sealed.back(), keys, to, got) != verdict::accepted) state.SkipWithError("refused");
    sealed.pop_back();
  }
}
BENCHMARK(open)->Args({128, 1})->Args({400, 1})->Args({1136, 1})->Args({400, 1000});

void refuse_a_forged_one(benchmark::State& state) {
  const auto keys = one_key();
  sealing from("bench", draw_salt(), 1);
  sealing at("bench", draw_salt(), 8);
  auto forged = from.seal(*keys.primary(), content::packet, recipient::of(receiver), 1, packet_of(400));
  forged.back() ^= std::byte{1};
  opened got;
  for (auto _ : state) benchmark::DoNotOptimize(at.open(forged, keys, recipient::of(receiver), got));
}
BENCHMARK(refuse_a_forged_one);

void derive(benchmark::State& state) {
  cipher with;
  const auto from = key::generate();
  const auto salt = draw_salt();
  for (auto _ : state) benchmark::DoNotOptimize(with.derive(from, salt, "bench"));
}
BENCHMARK(derive);

}  // namespace

BENCHMARK_MAIN();
