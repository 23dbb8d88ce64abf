#include "findings.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "../../median.hpp"

namespace troupe::choice {

namespace {

using json = nlohmann::ordered_json;

row row_of(const observation& seen, const executions& executed) {
  row found{static_cast<double>(seen.measured.calls.calls),
            static_cast<double>(seen.measured.calls.failed),
            to_millis(seen.measured.calls.p50),
            to_millis(seen.measured.calls.p99),
            to_millis(seen.measured.calls.p999),
            {},
            seen.measured.attempts_per_call,
            seen.measured.first_failure};
  if (const auto affected = affected_by(seen.what); !affected.empty()) {
    const auto counted = executed.count(seen.numbers.measured, affected);
    found.share =
        counted.all == 0 ? 0 : static_cast<double>(counted.at_node) / static_cast<double>(counted.all);
  }
  return found;
}

row middle_of(const std::vector<row>& rounds) {
  row middle;
  for (double row::*const field :
       {&row::calls, &row::failed, &row::p50_ms, &row::p99_ms, &row::p999_ms, &row::attempts}) {
    std::vector<double> values;
    for (const auto& each : rounds) values.push_back(each.*field);
    middle.*field = median(std::move(values));
  }
  std::vector<double> shares;
  for (const auto& each : rounds) {
    if (each.share) shares.push_back(*each.share);
    if (middle.first_failure.empty()) middle.first_failure = each.first_failure;
  }
  if (!shares.empty()) middle.share = median(std::move(shares));
  return middle;
}

std::string half_line(const row& of) {
  std::array<char, 128> text{};
  std::string share = "-";
  if (of.share) {
    std::snprintf(text.data(), text.size(), "%.1f%%", *of.share * 100);
    share = text.data();
  }
  std::snprintf(text.data(), text.size(), "%7.0f %6.0f %6.1f %7.1f %7.1f %6s %5.2f", of.calls, of.failed,
                of.p50_ms, of.p99_ms, of.p999_ms, share.c_str(), of.attempts);
  return text.data();
}

}  // namespace

findings sum_up(const std::vector<std::string>& policies, const std::vector<observation>& seen,
                const executions& executed) {
  findings found;
  found.policies = policies;
  std::map<findings::key, std::vector<row>> rounds;
  for (const auto& each : seen) {
    const auto policy = std::find(policies.begin(), policies.end(), each.policy) - policies.begin();
    rounds[{each.what, static_cast<std::size_t>(policy), each.calls}].push_back(row_of(each, executed));
    if (each.calls != kind::unsafe) continue;
    for (const auto slice : {each.numbers.settling, each.numbers.measured}) {
      found.unsafe_executions += executed.count(slice, "").all;
      found.executed_again += executed.executed_again(slice);
    }
  }
  for (const auto& [key, all] : rounds) found.rows[key] = middle_of(all);
  return found;
}

std::string as_table(const findings& what) {
  constexpr auto columns = "  calls failed    p50     p99   p99.9  share  att.";
  std::string text;
  std::optional<scenario> last;
  std::array<char, 256> line{};
  for (const auto& [key, idempotent] : what.rows) {
    if (key.calls != kind::idempotent) continue;
    if (last != key.what) {
      text += "\n" + std::string(to_string(key.what)) + ": " + std::string(description_of(key.what)) + "\n";
      std::snprintf(line.data(), line.size(), "%-15s %-50s | %s\n%-15s %-50s | %s\n", "",
                    "  idempotent calls: the whole router", "  unsafe calls: the choice alone", "", columns,
                    columns);
      text += line.data();
    }
    last = key.what;
    const auto unsafe = what.rows.find({key.what, key.policy, kind::unsafe});
    std::snprintf(line.data(), line.size(), "%-15s %s | %s\n", what.policies[key.policy].c_str(),
                  half_line(idempotent).c_str(),
                  unsafe == what.rows.end() ? "" : half_line(unsafe->second).c_str());
    text += line.data();
  }
  text +=
      "\nTimes in ms, of answered calls, from when they should have left. Share: of what was executed, by "
      "the "
      "affected\nreplica. Att.: attempts a call.\n\n";
  text += std::to_string(what.unsafe_executions) + " executions of unsafe calls, " +
          std::to_string(what.executed_again) + " calls executed more than once\n";
  return text;
}

std::string as_json(const findings& what, const load_plan& load, double seconds, unsigned rounds) {
  json rows = json::array();
  for (const auto& [key, of] : what.rows)
    rows.push_back({{"scenario", to_string(key.what)},
                    {"policy", what.policies[key.policy]},
                    {"calls", to_string(key.calls)},
                    {"made", of.calls},
                    {"failed", of.failed},
                    {"p50Ms", of.p50_ms},
                    {"p99Ms", of.p99_ms},
                    {"p999Ms", of.p999_ms},
                    {"shareOfAffected", of.share ? json(*of.share) : json()},
                    {"attemptsPerCall", of.attempts},
                    {"firstFailure", of.first_failure.empty() ? json() : json(of.first_failure)}});
  const json all = {{"perSecond", load.per_second},
                    {"workMs", to_millis(load.work)},
                    {"seconds", seconds},
                    {"seed", load.seed},
                    {"rounds", rounds},
                    {"replicas", replicas},
                    {"unsafeExecutions", what.unsafe_executions},
                    {"unsafeExecutedAgain", what.executed_again},
                    {"rows", std::move(rows)}};
  return all.dump(2) + "\n";
}

}  // namespace troupe::choice
