// A program's main: command line, start, set up, serve, drain.
#include <cstdio>
#include <exception>
#include <utility>

#include <pthread.h>
#include <signal.h>

#include <troupe/node/body.hpp>
#include <troupe/node/node.hpp>

namespace troupe {

namespace {

enum exit_code : int { ended = 0, not_started = 1, bad_command_line = 2 };

/// SIGTERM and SIGINT, blocked in every thread that is started from here on, so that the main thread can wait
/// for them.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

int complain(const char* program, const std::string& text, int code) {
  std::fprintf(stderr, "%s: %s\n", program, text.c_str());
  return code;
}

/// Of what the command line held: an option that the program has neither declared nor looked at.
std::string unread_option(const std::vector<std::string>& arguments) {
  for (const auto& each : arguments)
    if (each.size() > 2 && each.starts_with("--")) return each.substr(0, each.find('='));
  return {};
}

}  // namespace

class program_run {
 public:
  program_run(int argc, char** argv, program_options* own, const node_options& defaults)
      : program_(argc > 0 ? argv[0] : "troupe"), said_(read_command_line(argc, argv, defaults, own)) {}

  int operator()(const std::function<void(node&)>& setup) {
    if (!said_) return complain(program_, said_.error().text, bad_command_line);
    if (!said_->help.empty()) return std::fputs(said_->help.c_str(), stdout), ended;
    const auto signals = block_stop_signals();
    try {
      node serving(said_->options);
      serving.body_->arguments = said_->arguments;
      const auto main_thread = pthread_self();
      // It waits for the signal, which every thread blocks, so nobody is ended by it.
      serving.when_asked_to_stop([main_thread](const std::string&) {
        pthread_kill(main_thread, SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
      });
      setup(serving);
      if (const auto unread = unread_option(said_->arguments);
          !unread.empty() && !serving.body_->arguments_read)
        return complain(program_, "there is no option '" + unread + "' (--help lists the options)",
                        bad_command_line);
      serving.ready();
      wait_for_stop(signals);
      serving.when_asked_to_stop([](const std::string&) {});
      // A second signal ends the process at once: whoever sends it does not want to wait.
      pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
      (void)serving.stop();
      return ended;
    } catch (const std::exception& problem) {
      return complain(program_, problem.what(), not_started);
    }
  }

 private:
  static void wait_for_stop(const sigset_t& signals) {
    int received = 0;
    sigwait(&signals, &received);
  }

  const char* program_;
  result<command_line> said_;
};

int run(int argc, char** argv, const node_options& defaults, const std::function<void(node&)>& setup) {
  return program_run(argc, argv, nullptr, defaults)(setup);
}

int run(int argc, char** argv, const std::function<void(node&)>& setup) {
  return run(argc, argv, node_options{}, setup);
}

int run(int argc, char** argv, program_options& own, const node_options& defaults,
        const std::function<void(node&)>& setup) {
  return program_run(argc, argv, &own, defaults)(setup);
}

int run(int argc, char** argv, program_options& own, const std::function<void(node&)>& setup) {
  return run(argc, argv, own, {}, setup);
}

}  // namespace troupe
