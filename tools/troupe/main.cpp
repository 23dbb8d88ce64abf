// The command `troupe`: runs clusters on this machine, looks into running ones, and calls their services.
#include <cstdio>
#include <exception>

#include "command.hpp"

namespace {

using namespace troupe::command;

constexpr const char* about =
    "Runs clusters on this machine, looks into running ones, and calls their services.";

constexpr const char* footer =
    "Examples:\n"
    "  troupe up examples/hello                                 start a cluster\n"
    "  troupe call hello.Greeter.greet '{\"name\": \"Ann\"}'        call it\n"
    "  troupe kill greeter-1                                    kill a node, and call again\n"
    "  troupe explain hello.Greeter                             why a replica is chosen\n"
    "  troupe down                                              end it, and leave nothing behind\n"
    "  troupe members --address 10.0.0.7:7000 --cluster shop    look into any cluster\n"
    "\n"
    "Exit codes:\n"
    "  0  done\n"
    "  1  what was asked for failed; a call's error, too\n"
    "  2  the command line makes no sense\n"
    "  3  nothing there: no cluster is up, no such node, group or service\n"
    "  4  a cluster could not be started\n"
    "\n"
    "A cluster's state and logs are in .troupe/CLUSTER under the current folder, until troupe down.\n";

int complain(const std::string& text, int code) {
  std::fprintf(stderr, "troupe: %s\n", text.c_str());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(about, "troupe");
  app.footer(footer);
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "troupe " TROUPE_VERSION);
  common_options common;
  app.add_option_function<std::string>(
         "-o,--output",
         [&common](const std::string& text) {
           if (text != "table" && text != "json")
             throw CLI::ValidationError("--output", "'" + text + "' is neither table nor json");
           common.format = text == "json" ? format::json : format::table;
         },
         "table or json")
      ->type_name("FORMAT");
  app.add_option("--cluster", common.cluster, "which cluster, when several are up; with --address, its name");
  app.add_option("--address", common.address, "HOST:PORT of any node, instead of the local state");

  app.add_option("--keyring", common.keyring, "the file of the gossip keys of a cluster that is not run here")
      ->envname("TROUPE_KEYRING");

  std::function<void()> chosen;
  command_line line{app, common, chosen};
  add_verbs(line);
  try {
    app.parse(argc, argv);
    chosen();
    return done;
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return app.exit(problem), done;
    if (app.get_subcommands().empty() && !app.remaining().empty())
      return complain("there is no verb '" + app.remaining().front() + "'; troupe --help lists them",
                      misused);
    return complain(
        std::string(problem.what()) + " (troupe --help lists the verbs, troupe VERB --help its options)",
        misused);
  } catch (const stopped& problem) {
    return complain(problem.what(), problem.code());
  } catch (const std::exception& problem) {
    return complain(problem.what(), failed);
  }
}
