// The program `troupe_sim`: the simulator alone, without the framework's transport.
#include <cstdio>
#include <exception>

#include "command.hpp"

int main(int argc, char** argv) {
  CLI::App app("Simulates Troupe's clusters in virtual time.", "troupe_sim");
  app.require_subcommand(1);
  std::function<void()> chosen;
  troupe::simulator::add_balance_verb(app, chosen);
  troupe::simulator::add_membership_verb(app, chosen);
  try {
    app.parse(argc, argv);
    chosen();
    return 0;
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : 2;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "troupe_sim: %s\n", problem.what());
    return 1;
  }
}
