// members: who is in the cluster, and what happens to them.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include <troupe/wire/text.hpp>

#include "../admin_json.hpp"
#include "../connection.hpp"
#include "../output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;
using wire::text_of;
using clock = std::chrono::steady_clock;

constexpr auto poll = std::chrono::milliseconds(100);

/// What is wrong with somebody who is there: "degraded (say a, b, c)", "workers lag 2 of 3".
std::string condition(admin::Member::Reader of) {
  std::vector<std::string> all;
  std::vector<std::string> observers;
  for (const auto observer : of.getObservers()) observers.push_back(text_of(observer));
  if (of.getDegraded()) all.push_back("degraded (say " + joined(observers) + ")");
  if (of.getWorkerLag() > 0) all.push_back("workers lag " + std::to_string(of.getWorkerLag()) + " of 3");
  return all.empty() ? "well" : joined(all);
}

void print_members(admin::Admin::MembersResults::Reader told) {
  table shown({{"NODE"},
               {"STATE"},
               {"FOR", align::right},
               {"MODE"},
               {"CONDITION"},
               {"ADDRESS"},
               {"RTT", align::right},
               {"ZONE"},
               {"SERVICES"}});
  std::vector<admin::Member::Reader> sorted;
  for (const auto one : told.getMembers()) sorted.push_back(one);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return text_of(a.getName()) < text_of(b.getName()); });
  for (const auto one : sorted) {
    std::vector<std::string> services;
    for (const auto service : one.getServices())
      if (text_of(service) != admin_name) services.push_back(text_of(service));
    const auto state = text_of(one.getState());
    shown.add({text_of(one.getName()),
               {one.getAccuser().size() > 0 ? state + " (says " + text_of(one.getAccuser()) + ")" : state,
                colour_of_state(state)},
               duration_text(one.getSinceMicros()),
               {text_of(one.getMode()), colour_of_state(text_of(one.getMode()))},
               {condition(one), condition(one) == "well" ? colour::plain : colour::yellow},
               text_of(one.getAddress()),
               duration_text(one.getRoundTripMicros()),
               one.getZone().size() > 0 ? text_of(one.getZone()) : "-",
               joined(services)});
  }
  shown.print();
}

void members(const common_options& common, const std::string& from) {
  connection to(common);
  const auto who = to.asked(from);
  const auto told = need(to.admin().members().on(who.self.node).wait());
  if (common.format == format::table) return print_members(*told);
  print_json(json::object({{"cluster", to.cluster()},
                           {"asked", who.name},
                           {"members", to_json(capnp::DynamicStruct::Reader(*told)).at("members")}}));
}

// --- members --watch -----------------------------------------------------------------------------------

std::atomic<bool> interrupted{false};

/// "12:00:00.000" of the moment that was so long ago, by this machine's clock.
std::string clock_text(std::uint64_t ago_micros) {
  using namespace std::chrono;
  const auto at = system_clock::now() - microseconds(ago_micros);
  const auto seconds = system_clock::to_time_t(at);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char text[16];
  const auto millis = duration_cast<milliseconds>(at.time_since_epoch()).count() % 1000;
  const auto length = std::strftime(text, sizeof text, "%H:%M:%S", &local);
  std::snprintf(text + length, sizeof text - length, ".%03d", static_cast<int>(millis));
  return text;
}

colour colour_of_event(const std::string& kind) {
  if (kind == "joined" || kind == "refuted") return colour::green;
  if (kind == "died") return colour::red;
  if (kind == "suspected") return colour::yellow;
  return kind == "forgotten" ? colour::faint : colour::plain;
}

/// `seen_by`: the node that tells it.
void print_event(const common_options& common, const std::string& seen_by, admin::MemberEvent::Reader one) {
  if (common.format == format::json) {
    auto value = to_json(capnp::DynamicStruct::Reader(one));
    value["seenBy"] = seen_by;
    std::puts(json_text(value, layout::one_line).c_str());
    return;
  }
  const auto kind = text_of(one.getKind());
  std::string more = text_of(one.getAddress());
  if (kind == "changed")
    more += "  " + text_of(one.getMode()) + ", " + std::to_string(one.getServices()) +
            (one.getServices() == 1 ? " service" : " services");
  if (one.getWorkerLag() > 0) more += "  workers lag " + std::to_string(one.getWorkerLag()) + " of 3";
  if (one.getDegraded()) more += "  degraded";
  if (one.getAccuser().size() > 0) more += "  says " + text_of(one.getAccuser());
  std::printf("%s  %s  %-12s  %s\n", clock_text(one.getAgoMicros()).c_str(),
              padded({kind, colour_of_event(kind)}, 9).c_str(), text_of(one.getName()).c_str(), more.c_str());
}

/// Prints what one node sees, until it is interrupted, or for `how_long`. Where that node does not answer any
/// more, another one is asked, from its present on: nodes number their events each for itself.
void watch(const common_options& common, const std::string& from, duration how_long) {
  interrupted = false;
  for (const auto signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { interrupted = true; });
  connection to(common);
  auto who = to.asked(from);
  if (common.format == format::table) {
    print_members(*need(to.admin().members().on(who.self.node).wait()));
    std::puts("");
  }
  const auto until = how_long == duration::max() ? clock::time_point::max() : clock::now() + how_long;
  std::uint64_t last = 0;
  while (!interrupted) {
    const auto told = to.admin().events(last).on(who.self.node).within(ask_within).wait();
    if (told) {
      for (const auto one : told->getEvents()) print_event(common, who.name, one);
      std::fflush(stdout);
      last = told->getLast();
    } else if (!from.empty()) {
      throw stopped(failed, told.error().explain());
    } else {
      const auto all = to.answering();
      const auto other = std::find_if(all.begin(), all.end(),
                                      [&](const auto& one) { return one.self.node != who.self.node; });
      if (other == all.end()) throw stopped(failed, told.error().explain());
      std::fprintf(stderr, "troupe: %s does not answer; %s is asked from now on\n", who.name.c_str(),
                   other->name.c_str());
      who = *other;
      const auto present = to.admin().events(UINT64_MAX).on(who.self.node).within(ask_within).wait();
      last = present ? present->getLast() : 0;
    }
    if (clock::now() >= until) return;
    std::this_thread::sleep_for(poll);
  }
}

}  // namespace

void add_members_verb(command_line& to) {
  struct members_options {
    std::string from;
    bool watch = false;
    duration how_long = duration::max();
  };
  const auto wanted = std::make_shared<members_options>();
  auto* verb =
      to.verb("members", "Shows who is in the cluster, as one of its nodes sees it.",
              "  troupe members\n  troupe members --from cart-2\n"
              "  troupe members --watch                 and what happens, from its last 256 events on\n"
              "  troupe members --watch --for 1m -o json | jq .name\n",
              [&common = to.common, wanted] {
                if (wanted->watch) return watch(common, wanted->from, wanted->how_long);
                members(common, wanted->from);
              });
  verb->add_option("--from", wanted->from, "the node that is asked")->type_name("NODE");
  auto* watching = verb->add_flag("--watch", wanted->watch, "go on printing events, until interrupted");
  add_duration(verb, "--for", wanted->how_long, "how long to watch")->needs(watching);
}

}  // namespace troupe::command
