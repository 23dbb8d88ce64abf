// rtt: how far apart the nodes are.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include <troupe/wire/text.hpp>

#include "../connection.hpp"
#include "../output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;
using wire::text_of;

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

}  // namespace

void add_rtt_verb(command_line& to) {
  const auto node = std::make_shared<std::string>();
  to.verb("rtt", "Shows the round trips that the nodes have measured of each other.",
          "  troupe rtt\n  troupe rtt cart-2              each of its peers\n",
          [&common = to.common, node] { rtt(common, *node); })
      ->add_option("NODE", *node, "only of this one");
}

}  // namespace troupe::command
