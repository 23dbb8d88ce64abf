// members, rtt, join, leave: who is in the cluster, how far apart they are, and who comes and goes.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include <troupe/transport/socket.hpp>
#include <troupe/wire/text.hpp>

#include "connection.hpp"
#include "output.hpp"
#include "reflection.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;
using wire::text_of;
using clock = std::chrono::steady_clock;

constexpr duration ask_within = std::chrono::milliseconds(700);
constexpr auto poll = std::chrono::milliseconds(100);
constexpr const char* admin_name = "troupe.Admin";

// --- members -------------------------------------------------------------------------------------------

/// What is wrong with somebody who is there: "degraded (say a, b, c)", "strained 2 of 3".
std::string condition(admin::Member::Reader of) {
  std::vector<std::string> all;
  std::vector<std::string> observers;
  for (const auto observer : of.getObservers()) observers.push_back(text_of(observer));
  if (of.getDegraded()) all.push_back("degraded (say " + joined(observers) + ")");
  if (of.getStrain() > 0) all.push_back("strained " + std::to_string(of.getStrain()) + " of 3");
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
      if (service != admin_name) services.push_back(text_of(service));
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
  if (one.getStrain() > 0) more += "  strained " + std::to_string(one.getStrain()) + " of 3";
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

// --- rtt -----------------------------------------------------------------------------------------------

struct measurement {
  std::string from, to;
  std::uint64_t micros = 0;
};

/// What each of those asked has measured of the others that are there.
std::vector<measurement> round_trips(const connection& to) {
  std::vector<measurement> all;
  for (const auto& one : to.answering()) {
    const auto told = to.admin().members().on(one.self.node).within(ask_within).wait();
    if (!told) {
      std::fprintf(stderr, "troupe: %s does not answer\n", one.name.c_str());
      continue;
    }
    for (const auto peer : told->getMembers())
      if (peer.getRoundTripMicros() > 0 && (peer.getState() == "alive" || peer.getState() == "suspect"))
        all.push_back({one.name, text_of(peer.getName()), peer.getRoundTripMicros()});
  }
  return all;
}

/// One node's: to each peer, as it measures, and as the peer does.
void print_round_trips_of(const std::string& node, const std::vector<measurement>& all) {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> peers;
  for (const auto& one : all) {
    if (one.from == node) peers[one.to].first = one.micros;
    if (one.to == node) peers[one.from].second = one.micros;
  }
  table shown({{"PEER"}, {"RTT", align::right}, {"AS THE PEER MEASURES", align::right}});
  for (const auto& [peer, micros] : peers)
    shown.add({peer, duration_text(micros.first), duration_text(micros.second)});
  shown.print();
}

/// Everybody's, one line each: a matrix would not fit from a dozen nodes on.
void print_round_trips(const std::vector<measurement>& all) {
  std::map<std::string, std::vector<measurement>> nodes;
  for (const auto& one : all) nodes[one.from].push_back(one);
  table shown({{"NODE"},
               {"PEERS", align::right},
               {"NEAREST", align::right},
               {""},
               {"MEDIAN", align::right},
               {"FARTHEST", align::right},
               {""}});
  for (auto& [name, measured] : nodes) {
    std::sort(measured.begin(), measured.end(),
              [](const auto& a, const auto& b) { return a.micros < b.micros; });
    const auto& nearest = measured.front();
    const auto& farthest = measured.back();
    shown.add({name, std::to_string(measured.size()), duration_text(nearest.micros), nearest.to,
               duration_text(measured[measured.size() / 2].micros), duration_text(farthest.micros),
               farthest.to});
  }
  shown.print();
}

void rtt(const common_options& common, const std::string& node) {
  connection to(common);
  if (!node.empty()) (void)to.require(node);
  auto all = round_trips(to);
  if (!node.empty()) std::erase_if(all, [&](const auto& one) { return one.from != node && one.to != node; });
  if (common.format == format::table)
    return node.empty() ? print_round_trips(all) : print_round_trips_of(node, all);
  json measured = json::array();
  for (const auto& one : all)
    measured.push_back(json::object({{"from", one.from}, {"to", one.to}, {"micros", one.micros}}));
  print_json(json::object({{"cluster", to.cluster()}, {"roundTrips", std::move(measured)}}));
}

// --- join, leave ---------------------------------------------------------------------------------------

/// Waits until `holds`, or says so in vain. `limit` is at most minutes.
template <class Condition>
bool eventually(duration limit, Condition holds) {
  const auto until = clock::now() + limit;
  while (!holds()) {
    if (clock::now() > until) return false;
    std::this_thread::sleep_for(poll);
  }
  return true;
}

std::size_t count_alive(admin::Admin::MembersResults::Reader told) {
  const auto all = told.getMembers();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const auto one) { return one.getState() == "alive"; }));
}

void join(const common_options& common, const std::string& address, const std::string& from, duration limit) {
  if (const auto parts = split_host_port(address); !parts) throw stopped(misused, parts.error().text);
  const auto wanted = take(transport::resolve(address), failed);
  connection to(common);
  const auto who = to.asked(from);
  (void)need(to.admin()
                 .join([&](auto params) { params.initSeeds(1).set(0, address.c_str()); })
                 .on(who.self.node)
                 .wait());
  std::size_t alive = 0;
  const auto listed = [&] {
    const auto told = to.admin().members().on(who.self.node).within(ask_within).wait();
    if (!told) return false;
    alive = count_alive(*told);
    for (const auto one : told->getMembers())
      for (const auto& where : wanted)
        if (one.getState() == "alive" && text_of(one.getAddress()) == to_string(where)) return true;
    return false;
  };
  if (!eventually(limit, listed))
    throw stopped(failed, who.name + " has not met anybody at " + address + " within " +
                              format_duration(limit) + "; it goes on trying. Is it a node of cluster '" +
                              to.cluster() + "', and reachable from there? " + who.name + "'s log says more");
  print_outcome(common, who.name + " has joined " + address + ": " + std::to_string(alive) + " are alive",
                json::object({{"node", who.name}, {"joined", address}, {"alive", alive}}));
}

void leave(const common_options& common, const std::string& node, duration limit) {
  connection to(common);
  const auto id = to.require(node);
  auto others = to.answering();
  std::erase_if(
      others, [&](const auto& one) { return one.self.node == id || one.state != membership::state::alive; });
  const auto began = clock::now();
  (void)need(to.admin().drain("troupe leave").on(id).wait());
  // Everybody else is asked: the last one to hear of it counts.
  const auto acknowledged = [&] {
    std::erase_if(others, [&](const auto& one) {
      const auto told = to.admin().members().on(one.self.node).within(ask_within).wait();
      if (!told) return false;
      for (const auto peer : told->getMembers())
        if (peer.getId() == id.value) return peer.getState() == "left";
      return true;  // forgotten already
    });
    return others.empty();
  };
  const auto witnesses = others.size();
  if (!eventually(limit, acknowledged))
    throw stopped(failed, node + " drains, but after " + format_duration(limit) + " " +
                              std::to_string(others.size()) + " of " + std::to_string(witnesses) +
                              " others have not heard that it left: first " + others.front().name);
  const auto took = clock::now() - began;
  print_outcome(
      common,
      node + " has left: " + std::to_string(witnesses) + (witnesses == 1 ? " other knows" : " others know") +
          " after " + format_duration(took),
      json::object({{"node", node},
                    {"left", true},
                    {"known", witnesses},
                    {"tookMicros", std::chrono::duration_cast<std::chrono::microseconds>(took).count()}}));
}

}  // namespace

void add_member_verbs(command_line& to) {
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

  const auto node = std::make_shared<std::string>();
  to.verb("rtt", "Shows the round trips that the nodes have measured of each other.",
          "  troupe rtt\n  troupe rtt cart-2              each of its peers\n",
          [&common = to.common, node] { rtt(common, *node); })
      ->add_option("NODE", *node, "only of this one");

  struct join_options {
    std::string address, from;
    duration limit = std::chrono::seconds(10);
  };
  const auto meeting = std::make_shared<join_options>();
  verb = to.verb(
      "join", "Makes a node join the node at ADDRESS, and both become one cluster.",
      "  troupe join 10.0.0.7:7000\n  troupe join db.example:7000 --from cart-2\n",
      [&common = to.common, meeting] { join(common, meeting->address, meeting->from, meeting->limit); });
  verb->add_option("ADDRESS", meeting->address, "HOST:PORT of any node of a cluster of the same name")
      ->required();
  verb->add_option("--from", meeting->from, "the node that joins")->type_name("NODE");
  add_duration(verb, "--timeout", meeting->limit, "how long it may take (10s)");

  struct leave_options {
    std::string node;
    duration limit = std::chrono::seconds(15);
  };
  const auto leaving = std::make_shared<leave_options>();
  verb = to.verb("leave", "Lets a node finish what it has and leave, and waits until the others know.",
                 "  troupe leave cart-2\n",
                 [&common = to.common, leaving] { leave(common, leaving->node, leaving->limit); });
  verb->add_option("NODE", leaving->node, "as troupe members shows it")->required();
  add_duration(verb, "--timeout", leaving->limit, "how long it may take (15s)");
}

}  // namespace troupe::command
