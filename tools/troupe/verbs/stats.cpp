// stats: what the nodes of a cluster count.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include <troupe/wire/text.hpp>

#include "../admin_json.hpp"
#include "../connection.hpp"
#include "../output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;
using wire::text_of;

struct node_numbers {
  std::string node;
  response<admin::Admin::ServicesResults> services;
  response<admin::Admin::LinksResults> links;
};

void print_services(const std::vector<node_numbers>& all) {
  table shown({{"NODE"},
               {"SERVICE"},
               {"RUNS ON"},
               {"IN FLIGHT", align::right},
               {"LIMIT", align::right},
               {"REQUESTS", align::right},
               {"REFUSED", align::right},
               {"BOUNCED", align::right},
               {"EXPIRED", align::right},
               {"FAILED", align::right},
               {"RESTARTS", align::right},
               {"WAIT", align::right},
               {"SERVICE TIME", align::right}});
  for (const auto& one : all)
    for (const auto service : one.services->getServices()) {
      const auto count = [](auto number) { return cell(std::to_string(number)); };
      shown.add({one.node, text_of(service.getName()), text_of(service.getPlacement()),
                 count(service.getInFlight()), count(service.getLimit()), count(service.getRequests()),
                 count(service.getRefused()), count(service.getBounced()), count(service.getExpired()),
                 count(service.getFailed()), count(service.getRestarts()),
                 duration_text(service.getQueueMicros()), duration_text(service.getServiceMicros())});
    }
  shown.print();
}

void print_links(const node_numbers& of) {
  table links({{"LINK"},
               {"DIRECTION"},
               {"ADDRESS"},
               {"STATE"},
               {"QUEUED", align::right},
               {"SENT", align::right},
               {"RECEIVED", align::right}});
  for (const auto one : of.links->getLinks())
    links.add({text_of(one.getNode()), text_of(one.getDirection()), text_of(one.getAddress()),
               text_of(one.getState()), std::to_string(one.getQueuedBytes()),
               std::to_string(one.getSentBytes()), std::to_string(one.getReceivedBytes())});
  std::puts("");
  links.print();
  table counters({{"COUNTED"}, {"", align::right}});
  for (const auto one : of.links->getCounters())
    if (one.getValue() > 0) counters.add({text_of(one.getName()), std::to_string(one.getValue())});
  std::puts("");
  counters.print();
}

void stats(const common_options& common, const std::string& node) {
  connection to(common);
  const auto asked = to.answering(node);
  std::vector<node_numbers> all;
  for (const auto& one : asked) {
    auto services = to.admin().services().on(one.self.node).within(ask_within).wait();
    auto links = to.admin().links().on(one.self.node).within(ask_within).wait();
    if (services && links)
      all.push_back({one.name, std::move(services), std::move(links)});
    else if (!node.empty())
      throw stopped(failed, (services ? links.error() : services.error()).explain());
    else
      std::fprintf(stderr, "troupe: %s does not answer\n", one.name.c_str());
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.node < b.node; });
  if (common.format == format::table) {
    print_services(all);
    if (!node.empty()) print_links(all.front());
    return;
  }
  json nodes = json::array();
  for (const auto& one : all) {
    json counters = json::object();
    for (const auto counter : one.links->getCounters())
      counters[text_of(counter.getName())] = counter.getValue();
    nodes.push_back(
        json::object({{"node", one.node},
                      {"services", to_json(capnp::DynamicStruct::Reader(*one.services)).at("services")},
                      {"links", to_json(capnp::DynamicStruct::Reader(*one.links)).at("links")},
                      {"counters", std::move(counters)}}));
  }
  print_json(json::object({{"cluster", to.cluster()}, {"nodes", std::move(nodes)}}));
}

}  // namespace

void add_stats_verb(command_line& to) {
  const auto node = std::make_shared<std::string>();
  to.verb("stats", "Shows what the services count; of one node also its links and counters.",
          "  troupe stats\n  troupe stats cart-2\n", [&common = to.common, node] { stats(common, *node); })
      ->add_option("NODE", *node, "only this one, and all of it");
}

}  // namespace troupe::command
