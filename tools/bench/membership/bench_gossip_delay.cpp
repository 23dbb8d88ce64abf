// Whether a busy service keeps gossip waiting: how long a node takes to answer a membership ping while its
// event loop, which packets and services share, serves calls as fast as it can.
//
//   bench_gossip_delay --seconds 20
//
// The ping is a packet of membership's own, from nobody of the cluster's, once every 5 ms. Calls come from
// another process's worth of threads with a full window.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <local_cluster/local_cluster.hpp>
#include <local_cluster/readiness.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <troupe/actor/clock.hpp>
#include <troupe/transport/socket.hpp>
#include <troupe/wire/gossip.hpp>

#include "hello.troupe.hpp"

namespace {

using namespace std::chrono_literals;
using namespace troupe;

constexpr duration between_pings = 5ms;
constexpr int patience_millis = 1000;

/// Keeps `window` calls under way until it goes away.
class full_window {
 public:
  full_window(client<hello::Greeter> greeter, int window)
      : state_(std::make_shared<state>(std::move(greeter))) {
    for (int i = 0; i < window; ++i) call(state_);
  }
  ~full_window() {
    state_->over = true;
    while (state_->under_way > 0) std::this_thread::sleep_for(1ms);
  }
  std::uint64_t done() const { return state_->done; }
  std::uint64_t failed() const { return state_->failed; }

 private:
  struct state {
    explicit state(client<hello::Greeter> of) : greeter(std::move(of)) {}
    client<hello::Greeter> greeter;
    std::atomic<bool> over{false};
    std::atomic<int> under_way{0};
    std::atomic<std::uint64_t> done{0}, failed{0};
  };
  static void call(const std::shared_ptr<state>& of) {
    ++of->under_way;
    of->greeter.greet("ann").then([of](auto reply) {
      ++(reply ? of->done : of->failed);
      if (!of->over) call(of);
      --of->under_way;
    });
  }

  std::shared_ptr<state> state_;
};

/// Answers to pings of `whom`, each waited for before the next is sent; sorted.
struct delays {
  std::vector<duration> answered;
  std::size_t unanswered = 0;

  duration at(double share) const {
    if (answered.empty()) return duration::zero();
    return answered[static_cast<std::size_t>(share * static_cast<double>(answered.size() - 1))];
  }
};

delays ping(const membership::member& whom, const std::string& cluster, duration how_long) {
  const transport::owned_fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto hash = wire::cluster_hash(cluster);
  const auto to = transport::to_kernel(whom.address);
  membership::packet asked;
  asked.kind = membership::packet_kind::ping;
  asked.from = {node_id_of(cluster, "a passer-by"), epoch{1}};
  asked.target = asked.receiver = whom.self;
  delays found;
  for (const auto end = actor::now() + how_long; actor::now() < end;) {
    ++asked.sequence;
    const auto bytes = wire::encode(asked, hash);
    const auto sent = actor::now();
    (void)::sendto(socket.get(), bytes.data(), bytes.size(), 0, to.get(), to.size);
    pollfd readable{socket.get(), POLLIN, 0};
    bool answered = false;
    while (!answered && ::poll(&readable, 1, patience_millis) > 0) {
      std::byte buffer[2048];
      const auto count = ::recv(socket.get(), buffer, sizeof buffer, 0);
      const auto now = actor::now();
      if (count <= 0) break;
      const auto told = wire::decode_packet({buffer, static_cast<std::size_t>(count)}, hash);
      answered = told && told->kind == membership::packet_kind::ack && told->sequence == asked.sequence;
      if (answered) found.answered.push_back(now - sent);
    }
    found.unanswered += answered ? 0 : 1;
    std::this_thread::sleep_for(between_pings);
  }
  std::sort(found.answered.begin(), found.answered.end());
  return found;
}

void print(const char* when, const delays& of, double calls) {
  std::printf("%-8s %10.0f %8zu %10zu %10s %10s %10s %10s\n", when, calls, of.answered.size(), of.unanswered,
              format_duration(of.at(.5)).c_str(), format_duration(of.at(.99)).c_str(),
              format_duration(of.at(.999)).c_str(), format_duration(of.at(1)).c_str());
}

int run(int seconds, int window) {
  auto file = local::read_cluster_file(TROUPE_HELLO_EXAMPLE);
  if (!file) return std::fprintf(stderr, "%s\n", file.error().text.c_str()), 1;
  for (auto& group : file->groups) group.replicas = 1;
  const auto folder =
      std::filesystem::temp_directory_path() / ("troupe-bench-gossip-delay-" + std::to_string(::getpid()));
  auto cluster = local::local_cluster::up(
      *file, {.folder = folder, .lifetime = local::lifetime::bound, .log_level = "error"});
  if (!cluster) return std::fprintf(stderr, "%s\n", cluster.error().text.c_str()), 1;
  if (const auto ready = local::wait_until_ready(*cluster, {}, 20s); !ready)
    return std::fprintf(stderr, "%s\n", ready.error().text.c_str()), 1;
  auto caller = local::observe(*cluster);
  if (!caller) return std::fprintf(stderr, "%s\n", caller.error().text.c_str()), 1;
  const auto members = caller->members();
  const auto how_long = std::chrono::seconds(seconds);
  std::printf("%-8s %10s %8s %10s %10s %10s %10s %10s\n", "", "calls/s", "acks", "no ack", "p50", "p99",
              "p99.9", "worst");
  print("idle", ping(members.front(), cluster->name(), how_long), 0);
  {
    const full_window load(caller->client<hello::Greeter>(), window);
    std::this_thread::sleep_for(1s);
    const auto before = load.done();
    const auto found = ping(members.front(), cluster->name(), how_long);
    print("busy", found, static_cast<double>(load.done() - before) / seconds);
    if (load.failed() > 0) std::printf("%llu calls failed\n", static_cast<unsigned long long>(load.failed()));
  }
  (void)cluster->down();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App parser("Pings a node by membership's own packets, idle and while it serves as fast as it can.");
  int seconds = 20;
  int window = 256;
  parser.add_option("--seconds", seconds, "of each kind")->check(CLI::Range(1, 600))->capture_default_str();
  parser.add_option("--window", window, "calls under way at once")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  CLI11_PARSE(parser, argc, argv);
  return run(seconds, window);
}
