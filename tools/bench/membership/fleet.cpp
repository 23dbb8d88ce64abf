#include "fleet.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <troupe/actor/clock.hpp>

namespace troupe::bench {

namespace {

constexpr std::uint16_t control_port_offset = 1000;  // where Serf takes orders

std::string address(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

std::string word_after(const std::string& line, const std::string& mark) {
  const auto begins = line.find(mark);
  if (begins == std::string::npos) return {};
  const auto first = begins + mark.size();
  return line.substr(first, line.find(' ', first) - first);
}

// 2026-01-31 12:00:00.000 info  [n-03] node n-07 at 127.0.0.1:7007 has joined
std::optional<observation> read_troupe(const std::string& line) {
  const auto who = word_after(line, "] node ");
  if (who.empty()) return std::nullopt;
  if (line.ends_with("has joined") || line.ends_with("is alive after all"))
    return observation{fact::joined, who};
  if (line.ends_with("is dead")) return observation{fact::dead, who};
  return std::nullopt;
}

// 2026/01/31 12:00:00 [INFO] serf: EventMemberJoin: n-07 127.0.0.1
std::optional<observation> read_serf(const std::string& line) {
  if (auto who = word_after(line, "EventMemberJoin: "); !who.empty()) return observation{fact::joined, who};
  if (auto who = word_after(line, "EventMemberFailed: "); !who.empty()) return observation{fact::dead, who};
  return std::nullopt;
}

}  // namespace

breed troupe_nodes(const std::string& program, const std::string& profile) {
  return {"troupe",
          [](const breed& of, const std::string& name, std::uint16_t port, std::uint16_t seed) {
            std::vector<std::string> all = {of.program, "--name",         name,
                                            "--listen", address(port),    "--profile",
                                            of.profile, "--pool-threads", "1"};
            if (seed != 0) all.insert(all.end(), {"--join", address(seed)});
            return all;
          },
          read_troupe, program, profile};
}

breed serf_agents(const std::string& profile) {
  return {"serf",
          [](const breed& of, const std::string& name, std::uint16_t port, std::uint16_t seed) {
            const auto control = static_cast<std::uint16_t>(port + control_port_offset);
            std::vector<std::string> all = {"serf",
                                            "agent",
                                            "-node=" + name,
                                            "-bind=" + address(port),
                                            "-rpc-addr=" + address(control),
                                            "-profile=" + of.profile,
                                            "-log-level=info"};
            if (seed != 0) all.insert(all.end(), {"-retry-join=" + address(seed), "-retry-interval=1s"});
            return all;
          },
          read_serf, "serf", profile};
}

std::string name_of(std::size_t agent) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "n-%03zu", agent);
  return text.data();
}

fleet::~fleet() {
  for (std::size_t i = 0; i < agents_.size(); ++i) kill(i);
  for (auto& one : agents_) ::close(one.log);
}

void fleet::start(std::uint16_t port) {
  const auto words = breed_.command(breed_, name_of(agents_.size()), port, seed_);
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipes are left: see ulimit -n");
  const auto process = ::fork();
  if (process < 0)
    throw std::runtime_error(std::string("no process can be started: ") + std::strerror(errno));
  if (process == 0) {
    // Nothing is left behind, however this program ends.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(pipe[1], STDOUT_FILENO);
    ::dup2(pipe[1], STDERR_FILENO);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(pipe[1]);
  ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
  agents_.emplace_back();
  agents_.back().process = process;
  agents_.back().log = pipe[0];
  if (seed_ == 0) seed_ = port;
}

void fleet::kill(std::size_t which) {
  auto& one = agents_[which];
  if (one.process == 0) return;
  ::kill(one.process, SIGKILL);
  ::waitpid(one.process, nullptr, 0);
  one.process = 0;
}

void fleet::read(agent& from) const {
  std::array<char, 4096> bytes{};
  for (;;) {
    const auto count = ::read(from.log, bytes.data(), bytes.size());
    if (count <= 0) return;
    const auto now = actor::now();
    from.rest.append(bytes.data(), static_cast<std::size_t>(count));
    std::size_t begins = 0;
    for (auto ends = from.rest.find('\n'); ends != std::string::npos; ends = from.rest.find('\n', begins)) {
      const auto seen = breed_.read(from.rest.substr(begins, ends - begins));
      begins = ends + 1;
      if (!seen) continue;
      from.learned[static_cast<std::size_t>(seen->fact)][seen->of] = now;
      if (seen->fact == fact::dead) from.deaths.push_back(now);
    }
    from.rest.erase(0, begins);
  }
}

void fleet::listen(time_point limit) {
  constexpr duration longest = std::chrono::milliseconds(50);
  do {
    std::vector<pollfd> logs;
    for (const auto& one : agents_) logs.push_back({one.process != 0 ? one.log : -1, POLLIN, 0});
    const auto left = std::clamp<duration>(limit - actor::now(), duration::zero(), longest);
    const timespec patience{0, static_cast<long>(left.count())};
    ::ppoll(logs.data(), logs.size(), &patience, nullptr);
    for (std::size_t i = 0; i < agents_.size(); ++i)
      if (logs[i].revents != 0) read(agents_[i]);
  } while (actor::now() < limit);
}

std::vector<duration> fleet::await(bench::fact what, std::size_t of, time_point since, time_point limit) {
  constexpr duration glance = std::chrono::milliseconds(1);
  for (;;) {
    std::vector<duration> after;
    std::size_t running = 0;
    for (std::size_t i = 0; i < agents_.size(); ++i) {
      if (i == of || agents_[i].process == 0) continue;
      ++running;
      const auto& learned = agents_[i].learned[static_cast<std::size_t>(what)];
      const auto found = learned.find(name_of(of));
      if (found != learned.end() && found->second >= since) after.push_back(found->second - since);
    }
    std::sort(after.begin(), after.end());
    if (after.size() == running || actor::now() >= limit) return after;
    listen(actor::now() + glance);
  }
}

bool fleet::await_all_joined(time_point limit) {
  const auto all_know = [this] {
    for (std::size_t i = 0; i < agents_.size(); ++i) {
      const auto& met = agents_[i].learned[static_cast<std::size_t>(fact::joined)];
      // Serf's agents meet themselves, too.
      if (met.size() - met.count(name_of(i)) != agents_.size() - 1) return false;
    }
    return true;
  };
  while (!all_know()) {
    if (actor::now() >= limit) return false;
    listen(actor::now() + std::chrono::milliseconds(1));
  }
  return true;
}

std::size_t fleet::held_for_dead(time_point since) const {
  std::size_t count = 0;
  for (const auto& one : agents_)
    count += static_cast<std::size_t>(
        std::count_if(one.deaths.begin(), one.deaths.end(), [since](time_point at) { return at >= since; }));
  return count;
}

duration fleet::processor_time() const {
  duration all{0};
  for (const auto& one : agents_) {
    clockid_t clock = 0;
    timespec used{};
    if (one.process == 0 || ::clock_getcpuclockid(one.process, &clock) != 0 ||
        ::clock_gettime(clock, &used) != 0)
      continue;
    all += std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  }
  return all;
}

}  // namespace troupe::bench
