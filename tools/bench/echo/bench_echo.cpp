// Runs the echo benchmark: every system, every window, several rounds, interleaved so that what disturbs the
// machine disturbs all of them; then the medians, and how they compare with gRPC's.
//
// Each run is a server process and a client process on loopback, on a port that the kernel chose. Absolute
// figures swing from machine to machine and from hour to hour: compare only within one run of this program.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../median.hpp"

namespace {

namespace fs = std::filesystem;
using troupe::median;

struct candidate {
  std::string name;
  std::vector<std::string> server;
  std::vector<std::string> client;
};

// "event loop" and "pool" are where Troupe's service runs.
const std::vector<candidate> candidates = {
    {"troupe, event loop", {"troupe_echo_server", "event_loop"}, {"troupe_echo_client"}},
    {"troupe, pool", {"troupe_echo_server", "pool"}, {"troupe_echo_client"}},
    {"troupe, co_await",
     {"troupe_echo_server", "event_loop"},
     {"troupe_echo_client", "--drive", "event_loop"}},
    {"grpc", {"grpc_echo_server"}, {"grpc_echo_client"}},
    {"capnp-rpc", {"capnp_rpc_echo_server"}, {"capnp_rpc_echo_client"}},
};
const std::string reference = "grpc";

// In the order in which the clients print them.
constexpr std::array quantities = {
    "calls_per_s", "p50_us", "p99_us", "p999_us", "client_cpu_us_per_call", "server_cpu_us_per_call"};
using figures = std::array<double, quantities.size()>;

struct settings {
  unsigned rounds = 5;
  double seconds = .7;
  double warm_up = .3;
  std::vector<unsigned> windows = {1, 64, 1024};
  std::string only;  // part of a candidate's name
  bool json = false;
};

/// A process of ours, its standard output in a pipe, ended when it goes out of scope.
class child {
 public:
  explicit child(std::vector<std::string> words) {
    std::array<int, 2> pipe_ends{};
    if (pipe(pipe_ends.data()) != 0) std::perror("pipe"), std::exit(1);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(pipe_ends[1], STDOUT_FILENO);
      close(pipe_ends[0]);
      close(pipe_ends[1]);
      std::vector<char*> argv;
      for (auto& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      execv(argv[0], argv.data());
      std::perror(argv[0]);
      _exit(127);
    }
    close(pipe_ends[1]);
    out_ = pipe_ends[0];
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    close(out_);
    if (pid_ <= 0) return;
    kill(pid_, SIGTERM);
    for (int waited_ms = 0; waited_ms < 2000; waited_ms += 5) {
      if (waitpid(pid_, nullptr, WNOHANG) != 0) return;
      usleep(5'000);
    }
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }

  /// Its next line; nothing when it ends or says nothing for so long.
  std::optional<std::string> line(std::chrono::milliseconds patience) {
    const auto limit = std::chrono::steady_clock::now() + patience;
    std::string text;
    for (;;) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now());
      pollfd watched{out_, POLLIN, 0};
      if (left.count() <= 0 || poll(&watched, 1, static_cast<int>(left.count())) <= 0) return {};
      char next = 0;
      if (read(out_, &next, 1) != 1) return {};
      if (next == '\n') return text;
      text += next;
    }
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
};

std::vector<std::string> command(const fs::path& folder, std::vector<std::string> words) {
  words.front() = (folder / words.front()).string();
  return words;
}

double field(const std::string& json, const std::string& name) {
  const auto at = json.find("\"" + name + "\":");
  return at == std::string::npos ? 0 : std::strtod(json.c_str() + at + name.size() + 3, nullptr);
}

/// One run. Nothing where it failed; the programs have said why.
std::optional<figures> run(const fs::path& folder, const candidate& what, unsigned window,
                           const settings& how) {
  using namespace std::chrono_literals;
  child server(command(folder, what.server));
  const auto address = server.line(5s);
  if (!address) return {};
  auto words = command(folder, what.client);
  words.insert(words.end(),
               {*address, "--window", std::to_string(window), "--seconds", std::to_string(how.seconds),
                "--warm-up", std::to_string(how.warm_up), "--server", std::to_string(server.pid())});
  child client(words);
  const auto said = client.line(10s + std::chrono::milliseconds(static_cast<int>(how.seconds * 1000)));
  if (!said || field(*said, "failed") > 0) return {};
  figures read{};
  for (std::size_t i = 0; i < read.size(); ++i) read[i] = field(*said, quantities[i]);
  return read;
}

figures medians(const std::vector<figures>& runs) {
  figures middle{};
  for (std::size_t i = 0; i < middle.size(); ++i) {
    std::vector<double> values;
    for (const auto& each : runs) values.push_back(each[i]);
    middle[i] = median(std::move(values));
  }
  return middle;
}

using outcomes = std::map<std::pair<unsigned, std::string>, std::vector<figures>>;  // by window and name

void print_table(const outcomes& results, const std::vector<candidate>& there, const settings& how) {
  for (const auto window : how.windows) {
    std::printf("\n64-byte echo, %u in flight\n", window);
    std::printf("  %-20s %10s %9s %9s %9s %9s  %s\n", "", "calls/s", "to gRPC", "p50 us", "p99 us", "p999 us",
                "CPU us/call, client + server");
    const auto grpc = results.find({window, reference});
    for (const auto& each : there) {
      const auto found = results.find({window, each.name});
      if (found == results.end()) {
        std::printf("  %-20s failed\n", each.name.c_str());
        continue;
      }
      const auto middle = medians(found->second);
      char ratio[16] = "-";
      if (grpc != results.end())
        std::snprintf(ratio, sizeof ratio, "%.2f", middle[0] / medians(grpc->second)[0]);
      std::printf("  %-20s %10.0f %9s %9.1f %9.1f %9.1f  %.2f + %.2f\n", each.name.c_str(), middle[0], ratio,
                  middle[1], middle[2], middle[3], middle[4], middle[5]);
    }
  }
}

void print_json(const outcomes& results) {
  std::printf("[");
  const char* separator = "";
  for (const auto& [of, runs] : results) {
    const auto middle = medians(runs);
    const auto grpc = results.find({of.first, reference});
    std::printf("%s\n  {\"system\": \"%s\", \"window\": %u, \"rounds\": %zu", separator, of.second.c_str(),
                of.first, runs.size());
    for (std::size_t i = 0; i < middle.size(); ++i) std::printf(", \"%s\": %.3f", quantities[i], middle[i]);
    if (grpc != results.end()) std::printf(", \"to_grpc\": %.3f", middle[0] / medians(grpc->second)[0]);
    std::printf("}");
    separator = ",";
  }
  std::printf("\n]\n");
}

int usage(int code) {
  std::fputs(
      "usage: bench_echo [--rounds N] [--seconds S] [--window N]... [--only PART_OF_NAME] [-o json]\n"
      "Echo over loopback by Troupe and, where they are installed, by gRPC and Cap'n Proto RPC.\n",
      code == 0 ? stdout : stderr);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  settings how;
  bool windows_said = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "-h" || word == "--help") return usage(0);
    if (++i == argc) return usage(2);
    const std::string value = argv[i];
    if (word == "--rounds") {
      how.rounds = static_cast<unsigned>(std::clamp(std::atoi(argv[i]), 1, 1000));
    } else if (word == "--seconds") {
      how.seconds = std::clamp(std::atof(argv[i]), .05, 3600.);
    } else if (word == "--window") {
      if (!std::exchange(windows_said, true)) how.windows.clear();
      how.windows.push_back(static_cast<unsigned>(std::clamp(std::atoi(argv[i]), 1, 1024)));
    } else if (word == "--only") {
      how.only = value;
    } else if (word == "-o" && value == "json") {
      how.json = true;
    } else {
      return usage(2);
    }
  }
  const auto folder = fs::read_symlink("/proc/self/exe").parent_path();
  std::vector<candidate> there;
  for (const auto& each : candidates) {
    if (each.name.find(how.only) == std::string::npos) continue;
    if (fs::exists(folder / each.server.front()))
      there.push_back(each);
    else
      std::fprintf(stderr, "%s is left out: it was not built\n", each.name.c_str());
  }
  outcomes results;
  bool failed = false;
  for (unsigned round = 0; round < how.rounds; ++round)
    for (const auto window : how.windows)
      for (const auto& each : there) {
        std::fprintf(stderr, "\rround %u of %u: %u in flight, %-20s", round + 1, how.rounds, window,
                     each.name.c_str());
        if (const auto measured = run(folder, each, window, how))
          results[{window, each.name}].push_back(*measured);
        else
          failed = true;
      }
  std::fprintf(stderr, "\r%60s\r", "");
  if (how.json)
    print_json(results);
  else
    print_table(results, there, how);
  if (failed) std::fputs("a run failed: see above\n", stderr);
  return failed ? 1 : 0;
}
