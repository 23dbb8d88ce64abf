#include "measurement.hpp"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include <sys/resource.h>
#include <unistd.h>

namespace bench {

namespace {

double seconds(const timeval& value) {
  return static_cast<double>(value.tv_sec) + static_cast<double>(value.tv_usec) / 1e6;
}

/// User and system time of another process, in steps of 10 ms: utime and stime of proc(5).
double cpu_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(file, text);
  // The second field is the program's name and may hold anything; after its bracket comes the third.
  std::istringstream rest(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

[[noreturn]] void refuse(const char* program, const char* why) {
  std::fprintf(stderr,
               "%s: %s\nusage: %s ADDRESS:PORT [--window N] [--warm-up S] [--seconds S] [--server PID] "
               "[--drive then|event_loop|pool]\n",
               program, why, program);
  std::exit(2);
}

}  // namespace

plan read_plan(int argc, char** argv) {
  plan said;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.starts_with("--")) {
      said.address = word;
      continue;
    }
    if (++i == argc) refuse(argv[0], ("a value is missing after " + word).c_str());
    if (word == "--window")
      said.window = static_cast<unsigned>(std::atoi(argv[i]));
    else if (word == "--warm-up")
      said.warm_up = std::atof(argv[i]);
    else if (word == "--seconds")
      said.seconds = std::atof(argv[i]);
    else if (word == "--server")
      said.server = std::atoi(argv[i]);
    else if (word == "--drive")
      said.drive = argv[i];
    else
      refuse(argv[0], ("unknown option " + word).c_str());
  }
  if (said.address.empty()) refuse(argv[0], "whom to call is missing");
  if (said.window < 1 || said.window > 100'000) refuse(argv[0], "--window is 1 to 100000");
  if (said.seconds <= 0 || said.warm_up < 0) refuse(argv[0], "--seconds is positive, --warm-up 0 or more");
  return said;
}

void latencies::add(std::chrono::nanoseconds took) {
  const auto value = static_cast<std::uint64_t>(took.count()) | (1u << fine_bits);
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - fine_bits;
  ++buckets_[(shift << fine_bits) + ((value >> shift) & ((1u << fine_bits) - 1))];
  ++count_;
}

double latencies::quantile_us(double share) const {
  const auto rank = static_cast<std::uint64_t>(share * static_cast<double>(count_));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen <= rank) continue;
    const auto fine = (i & ((1u << fine_bits) - 1)) + (1u << fine_bits);
    return static_cast<double>(fine << (i >> fine_bits)) / 1e3;
  }
  return 0;
}

measurement::measurement(const plan& what)
    : plan_(what),
      begin_(now() + std::chrono::nanoseconds(static_cast<std::int64_t>(what.warm_up * 1e9))),
      end_(begin_ + std::chrono::nanoseconds(static_cast<std::int64_t>(what.seconds * 1e9))) {}

instant measurement::first() {
  ++in_flight_;
  return now();
}

std::optional<instant> measurement::next(instant began) {
  const auto at = now();
  if (phase_ == phase::measuring) {
    latencies_.add(at - began);
    if (at >= end_) {
      to_ = look();
      phase_ = phase::ended;
    }
  } else if (phase_ == phase::warming_up && at >= begin_) {
    from_ = look();
    phase_ = phase::measuring;
  }
  if (phase_ != phase::ended) return at;
  --in_flight_;
  return {};
}

void measurement::failed(const std::string& why) {
  if (failures_++ == 0) std::fprintf(stderr, "a call failed: %s\n", why.c_str());
}

measurement::usage measurement::look() const {
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  return {now(), seconds(own.ru_utime) + seconds(own.ru_stime), plan_.server ? cpu_of(plan_.server) : 0};
}

int measurement::report() const {
  const auto calls = static_cast<double>(latencies_.count());
  const auto time = std::chrono::duration<double>(to_.when - from_.when).count();
  std::printf(
      "{\"window\": %u, \"calls\": %.0f, \"failed\": %u, \"calls_per_s\": %.0f, \"p50_us\": %.1f, "
      "\"p99_us\": %.1f, \"p999_us\": %.1f, \"client_cpu_us_per_call\": %.3f, \"server_cpu_us_per_call\": "
      "%.3f}\n",
      plan_.window, calls, failures_, calls / time, latencies_.quantile_us(.5), latencies_.quantile_us(.99),
      latencies_.quantile_us(.999), (to_.client_cpu - from_.client_cpu) / calls * 1e6,
      (to_.server_cpu - from_.server_cpu) / calls * 1e6);
  return failures_ == 0 ? 0 : 1;
}

}  // namespace bench
