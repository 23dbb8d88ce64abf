#include "report.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

namespace troupe::demo {

namespace {

using json = nlohmann::ordered_json;

std::string cell(const std::optional<duration>& time) { return time ? format_duration(*time) : "-"; }

json millis(const std::optional<duration>& time) { return time ? json(to_millis(*time)) : json(); }

json summary_json(const load::summary& what) {
  return json::object({{"calls", what.calls},
                       {"failed", what.failed},
                       {"p50Ms", to_millis(what.p50)},
                       {"p99Ms", to_millis(what.p99)},
                       {"worstMs", to_millis(what.worst)}});
}

}  // namespace

std::string as_table(const findings& what) {
  std::array<char, 512> line{};
  std::string text =
      "\nwhat happened   calls  failed  p99 before  p99 after  shunned after  dead after  serves after\n";
  for (const auto& each : what.incidents) {
    std::snprintf(line.data(), line.size(), "%-12s %8llu %7llu %11s %10s %14s %11s %13s\n", each.name.c_str(),
                  static_cast<unsigned long long>(each.during.calls),
                  static_cast<unsigned long long>(each.during.failed),
                  format_duration(each.before.p99).c_str(), format_duration(each.around.p99).c_str(),
                  cell(each.shunned_after).c_str(), cell(each.dead_after).c_str(),
                  cell(each.serving_after).c_str());
    text += line.data();
  }
  text += "\n";
  for (const auto& each : what.incidents)
    text += "  " + each.name + ": " + each.what + "; " + each.remark + "\n";
  std::snprintf(line.data(), line.size(),
                "\n%zu processes, %s: %llu idempotent calls, %llu failed; %llu unsafe calls, %llu failed, "
                "%llu executed "
                "twice\np50 %s, p99 %s, worst %s over everything\n",
                what.processes, format_duration(what.length).c_str(),
                static_cast<unsigned long long>(what.calls), static_cast<unsigned long long>(what.failed),
                static_cast<unsigned long long>(what.unsafe_calls),
                static_cast<unsigned long long>(what.unsafe_failed),
                static_cast<unsigned long long>(what.executed_twice), format_duration(what.all.p50).c_str(),
                format_duration(what.all.p99).c_str(), format_duration(what.all.worst).c_str());
  text += line.data();
  for (const auto& failure : what.failures) text += "\n" + failure + "\n";
  return text;
}

std::string as_json(const findings& what) {
  json incidents = json::array();
  for (const auto& each : what.incidents) {
    json fields = {{"name", each.name},
                   {"what", each.what},
                   {"before", summary_json(each.before)},
                   {"secondAround", summary_json(each.around)},
                   {"during", summary_json(each.during)},
                   {"addedP99Ms", to_millis(each.added_p99)},
                   {"shunnedAfterMs", millis(each.shunned_after)},
                   {"deadAfterMs", millis(each.dead_after)},
                   {"servingAfterMs", millis(each.serving_after)},
                   {"bytesSentAfterFirstSecond", each.sent_late ? json(*each.sent_late) : json()},
                   {"remark", each.remark}};
    incidents.push_back(std::move(fields));
  }
  const json all = json::object({{"passed", what.passed()},
                                 {"processes", what.processes},
                                 {"seconds", to_seconds(what.length)},
                                 {"idempotentCalls", what.calls},
                                 {"idempotentFailed", what.failed},
                                 {"unsafeCalls", what.unsafe_calls},
                                 {"unsafeFailed", what.unsafe_failed},
                                 {"unsafeExecutedTwice", what.executed_twice},
                                 {"all", summary_json(what.all)},
                                 {"incidents", std::move(incidents)},
                                 {"failures", what.failures}});
  return all.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace troupe::demo
