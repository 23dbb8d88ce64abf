// What every verb of the command shares: exit codes, the options that hold everywhere, and how a verb ends
// when it cannot do what it was asked.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include <CLI/CLI.hpp>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

namespace troupe::command {

/// Stable: scripts rely on them. Told by `troupe --help`.
enum exit_code : int {
  done = 0,
  failed = 1,         // what was asked for failed: a call's error, too
  misused = 2,        // the command line makes no sense
  nothing_there = 3,  // no cluster is up, no such node, group or service
  not_started = 4,    // a cluster could not be started
};

/// Ends the command: one message on stderr, and the exit code. Only main catches it.
class stopped : public std::runtime_error {
 public:
  stopped(exit_code code, const std::string& text) : std::runtime_error(text), code_(code) {}
  exit_code code() const { return code_; }

 private:
  exit_code code_;
};

/// The value, or the end: not_found is nothing_there, everything else is `otherwise`.
template <class T>
T take(result<T> from, exit_code otherwise = failed) {
  if (!from)
    throw stopped(from.error().code == code::not_found ? nothing_there : otherwise, from.error().text);
  if constexpr (!std::is_void_v<T>) return std::move(*from);
}

enum class format : std::uint8_t { table, json };

/// The options that hold for every verb.
struct common_options {
  command::format format = format::table;
  std::string cluster;  // empty: the one that is up
  std::string address;  // empty: as the local state says
  std::string keyring;  // empty: the local state's, or none
};

/// Where the verbs are added, and where the chosen one leaves what is to be done.
struct command_line {
  CLI::App& app;
  common_options& common;
  std::function<void()>& chosen;

  /// `run` happens after the whole command line has been read.
  CLI::App* verb(const std::string& name, const std::string& what, const std::string& examples,
                 std::function<void()> run) {
    auto* added = app.add_subcommand(name, what);
    added->footer("Examples:\n" + examples + "\nOptions that hold for every verb: troupe --help");
    added->callback([chosen = &chosen, run = std::move(run)] { *chosen = run; });
    return added;
  }
};

/// An option that is a duration: "300ms".
inline CLI::Option* add_duration(CLI::App* to, const std::string& name, duration& into,
                                 const std::string& what) {
  return to
      ->add_option_function<std::string>(
          name,
          [&into, name](const std::string& text) {
            const auto read = parse_duration(text);
            if (!read) throw CLI::ValidationError(name, read.error().text);
            into = *read;
          },
          what)
      ->type_name("DURATION");
}

/// Adds every verb of verbs/, in the order of the list in CMakeLists.txt, which is that of --help.
void add_verbs(command_line& to);

}  // namespace troupe::command
