#include "process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::local {

namespace {

/// What this file needs of /proc/PID/stat.
struct proc_stat {
  char state = '?';
  std::uint64_t started = 0;
  int exit_status = 0;  // as waitpid gives it; 0 where the kernel does not tell
};

std::optional<proc_stat> read_stat(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  // The program's name is in parentheses and may hold anything, so count from the last one.
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  constexpr int state_field = 3;  // proc(5) counts from 1
  constexpr int started_field = 22;
  constexpr int exit_field = 52;
  proc_stat read;
  std::string field;
  for (int number = state_field; fields >> field; ++number) {
    if (number == state_field) read.state = field[0];
    if (number == started_field) read.started = std::stoull(field);
    if (number == exit_field) read.exit_status = std::stoi(field);
  }
  return read;
}

std::string describe_status(int status) {
  if (WIFSIGNALED(status)) {
    const char* name = ::sigabbrev_np(WTERMSIG(status));
    return name != nullptr ? "killed by SIG" + std::string(name)
                           : "killed by signal " + std::to_string(WTERMSIG(status));
  }
  return "exited with code " + std::to_string(WEXITSTATUS(status));
}

std::string system_says(int number) { return std::strerror(number); }

/// The child's half, between fork and exec: only calls that are safe there. Does not return.
[[noreturn]] void become(const char* program, char* const* arguments, int log, int null_device,
                         int failure_pipe, lifetime ends, pid_t parent) {
  // Not setsid: Linux shares processors out by session (autogroups), and beside a busy program processes that
  // mostly sleep, each in a session of its own, waited for seconds. A group of its own, deaf to SIGHUP,
  // outlives the terminal as well.
  ::setpgid(0, 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGHUP, SIG_IGN);
  ::dup2(null_device, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  if (ends == lifetime::bound) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);  // it died before the line above
  }
  ::execv(program, arguments);
  const int reason = errno;
  (void)!::write(failure_pipe, &reason, sizeof reason);
  ::_exit(127);
}

/// Closes itself.
struct descriptor {
  int number = -1;

  descriptor() = default;
  explicit descriptor(int which) : number(which) {}
  descriptor(descriptor&& other) noexcept : number(std::exchange(other.number, -1)) {}
  ~descriptor() { reset(); }
  void reset() {
    if (number >= 0) ::close(number);
    number = -1;
  }
};

}  // namespace

std::string_view to_string(process_state value) {
  switch (value) {
    case process_state::running:
      return "running";
    case process_state::paused:
      return "paused";
    case process_state::exited:
      return "exited";
  }
  return "?";
}

result<process_id> start_process(const process_order& order) {
  const auto failed = [&](const std::string& what, int reason) {
    return error{code::unavailable,
                 "cannot start " + order.program.string() + ": " + what + ": " + system_says(reason)};
  };
  descriptor log(::open(order.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (log.number < 0) return failed(order.log.string(), errno);
  descriptor null_device(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (null_device.number < 0) return failed("/dev/null", errno);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed("pipe", errno);
  descriptor read_end(ends[0]);
  descriptor write_end(ends[1]);

  const auto program = order.program.string();
  std::vector<char*> arguments{const_cast<char*>(program.c_str())};
  for (const auto& one : order.arguments) arguments.push_back(const_cast<char*>(one.c_str()));
  arguments.push_back(nullptr);

  const auto parent = ::getpid();
  const auto child = ::fork();
  if (child < 0) return failed("fork", errno);
  if (child == 0)
    become(program.c_str(), arguments.data(), log.number, null_device.number, write_end.number,
           order.lifetime, parent);
  write_end.reset();
  int reason = 0;
  if (::read(read_end.number, &reason, sizeof reason) == sizeof reason) {
    ::waitpid(child, nullptr, 0);
    return failed("exec", reason);
  }
  const auto stat = read_stat(child);  // a child that has ended already is a zombie, and still there
  return process_id{child, stat ? stat->started : 0};
}

process_view look_at(process_id which) {
  if (which.pid <= 0) return {};
  const auto stat = read_stat(which.pid);
  if (!stat || stat->started != which.started) return {};
  if (stat->state == 'Z' || stat->state == 'X') {
    int status = 0;
    if (::waitpid(which.pid, &status, WNOHANG) == which.pid)
      return {process_state::exited, describe_status(status)};
    // Somebody else's child, not reaped yet: the kernel tells its status to its own user.
    return {process_state::exited, describe_status(stat->exit_status)};
  }
  if (stat->state == 'T' || stat->state == 't') return {process_state::paused, {}};
  return {process_state::running, {}};
}

bool send_signal(process_id which, int signal) {
  if (which.pid <= 0) return false;
  // The descriptor is taken first: from then on the number cannot pass to another process unnoticed.
  // By number, as glibc 2.36 declares the functions for C only.
  const descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, which.pid, 0)));
  if (process.number < 0) return false;
  const auto stat = read_stat(which.pid);
  if (!stat || stat->started != which.started || stat->state == 'Z') return false;
  return ::syscall(SYS_pidfd_send_signal, process.number, signal, nullptr, 0) == 0;
}

}  // namespace troupe::local
