// Options by name, as --set and scenario files change them.
#include "simulator/option_names.hpp"

#include <string>

#include <doctest/doctest.h>

#include "simulator/balance/contenders/dynamic_score.hpp"
#include "simulator/balance/scenario.hpp"
#include "simulator/membership/modes.hpp"
#include "simulator/membership/scenario.hpp"

using namespace troupe;
using namespace troupe::simulator;

namespace {

std::string problem(const result<void>& done) {
  REQUIRE_FALSE(done);
  CHECK(done.error().code == code::invalid_argument);
  return done.error().text;
}

}  // namespace

TEST_CASE("an option is known by its whole name and by its last parts, and kept by the shortest") {
  for (const auto* name : {"first", "ejection.first", "balance.ejection.first"}) {
    settings into;
    REQUIRE(read_setting(name, "2", into));
    CHECK(into == settings{{"first", 2.}});
    CHECK(options_with(into)->balance.ejection.first == 2s);
  }
}

TEST_CASE("values are numbers, times and flags") {
  settings into;
  REQUIRE(read_setting("cost_floor", "2ms", into));
  REQUIRE(read_setting("load", "0.125", into));
  REQUIRE(read_setting("attempts-max", "2", into));
  REQUIRE(read_setting("stall_min", ".05", into));
  const auto all = options_with(into);
  REQUIRE(all);
  CHECK(all->balance.cost_floor == 2ms);
  CHECK(all->balance.weight.load == .125);
  CHECK(all->retry.attempts_max == 2);
  CHECK(all->stall_min == 50ms);
  settings ours;
  REQUIRE(read_setting_of_ours("healing", "0", ours));
  REQUIRE(read_setting_of_ours("digests", "false", ours));
  REQUIRE(read_setting_of_ours("membership.exchange_period", "3600", ours));
  const auto changed = with_settings({}, ours);
  REQUIRE(changed);
  CHECK_FALSE(changed->healing);
  CHECK_FALSE(changed->digests);
  CHECK(changed->exchange_period == 1h);
}

TEST_CASE("a name that is none proposes the nearest, and a value out of its bounds says them") {
  settings into;
  CHECK(problem(read_setting("cost_flor", "1", into)) ==
        "there is no option 'cost_flor'; did you mean 'balance.cost_floor'?");
  CHECK(problem(read_setting("colour", "1", into))
            .find("there is no option 'colour'; there are cost_floor, ") == 0);
  CHECK(
      problem(read_setting("tie", "fast", into)).find("option tie is 'fast': it must be a number, a time") ==
      0);
  CHECK(problem(read_setting("tie", "2", into)) == "option tie is '2': it must be at least 0 and below 1");
  settings ours;
  CHECK(problem(read_setting_of_ours("suspicion_alpah", "3", ours)).find("did you mean") !=
        std::string::npos);
  CHECK(problem(read_setting_of_ours("indirect_probes", "2.5", ours)).find("a whole number, 0 to 16") !=
        std::string::npos);
}

TEST_CASE("options that fit together only once all are set may be set in any order") {
  settings into;
  REQUIRE(read_setting("ejection.first", "60s", into));
  CHECK_FALSE(options_with(into));  // longer than the longest
  REQUIRE(read_setting("ejection.longest", "90s", into));
  CHECK(options_with(into));
}

TEST_CASE("scenario files set options of ours in the same way, and their mistakes have a line") {
  const auto complaint = [](const std::string& text) {
    const auto read = parse_scenario(text, "test.toml");
    return read ? std::string() : read.error().text;
  };
  const auto read =
      parse_scenario("[ours]\nload = 0.5\nejection.first = '2s'\nretry.attempts_max = 2\n", "test.toml");
  REQUIRE_MESSAGE(read, read.error().text);
  CHECK(read->front().ours == settings{{"attempts_max", 2.}, {"first", 2.}, {"load", .5}});
  CHECK(complaint("[ours]\nlaod = 1")
            .find("test.toml, line 2: ours: there is no option 'laod'; did you mean") == 0);
  CHECK(complaint("[ours]\nload = -1").find("option load is '-1': it must be at least 0") !=
        std::string::npos);
  CHECK(complaint("[ours]\nload = 99").find("balance.weight.barred must be above") != std::string::npos);
  const auto cluster =
      parse_cluster_scenario("[settings]\nhealing = 1\nexchange_period = '1m'\n", "test.toml");
  REQUIRE_MESSAGE(cluster, cluster.error().text);
  CHECK(cluster->front().settings == settings{{"exchange_period", 60.}, {"healing", 1.}});
}
