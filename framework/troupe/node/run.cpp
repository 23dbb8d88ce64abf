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

}  // namespace

int run(int argc, char** argv, const node_options& defaults, const std::function<void(node&)>& setup) {
  const auto* program = argc > 0 ? argv[0] : "troupe";
  auto said = read_command_line(argc, argv, defaults);
  if (!said) return complain(program, said.error().text, bad_command_line);
  if (!said->help.empty()) return std::fputs(said->help.c_str(), stdout), ended;
  const auto signals = block_stop_signals();
  try {
    node serving(said->options);
    serving.body_->arguments = said->arguments;
    const auto main_thread = pthread_self();
    serving.when_asked_to_stop([main_thread](const std::string&) { pthread_kill(main_thread, SIGTERM); });
    setup(serving);
    serving.ready();
    int received = 0;
    sigwait(&signals, &received);
    serving.when_asked_to_stop([](const std::string&) {});
    // A second signal ends the process at once: whoever sends it does not want to wait.
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    (void)serving.stop();
    return ended;
  } catch (const std::exception& problem) {
    return complain(program, problem.what(), not_started);
  }
}

int run(int argc, char** argv, const std::function<void(node&)>& setup) { return run(argc, argv, {}, setup); }

}  // namespace troupe
