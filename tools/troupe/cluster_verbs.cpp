// members, services, stats, explain: what the nodes of a cluster say about it.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "connection.hpp"
#include "output.hpp"
#include "reflection.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

constexpr duration ask_within = std::chrono::milliseconds(700);
constexpr const char* admin_name = "troupe.Admin";

std::string fixed(double number, int digits) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

std::string text_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

// --- members -------------------------------------------------------------------------------------------

void members(const common_options& common, const std::string& from) {
  connection to(common);
  const auto who = to.asked(from);
  const auto told = need(to.admin().members().on(who.self.node).wait());
  if (common.format == format::json)
    return print_json(
        json::object({{"cluster", to.cluster()},
                      {"asked", who.name},
                      {"members", to_json(capnp::DynamicStruct::Reader(*told)).at("members")}}));
  table shown({{"NODE"},
               {"STATE"},
               {"FOR", align::right},
               {"MODE"},
               {"ADDRESS"},
               {"RTT", align::right},
               {"ZONE"},
               {"SERVICES"}});
  for (const auto one : told->getMembers()) {
    std::vector<std::string> services;
    for (const auto service : one.getServices())
      if (service != admin_name) services.push_back(text_of(service));
    const auto state = text_of(one.getState());
    shown.add({text_of(one.getName()),
               {one.getAccuser().size() > 0 ? state + " (says " + text_of(one.getAccuser()) + ")" : state,
                colour_of_state(state)},
               duration_text(one.getSinceMicros()),
               {text_of(one.getMode()), colour_of_state(text_of(one.getMode()))},
               text_of(one.getAddress()),
               duration_text(one.getRoundTripMicros()),
               one.getZone().size() > 0 ? text_of(one.getZone()) : "-",
               joined(services)});
  }
  shown.print();
}

// --- services ------------------------------------------------------------------------------------------

enum class own_services : bool { hidden, shown };

void services(const common_options& common, own_services own) {
  connection to(common);
  std::map<std::string, std::vector<std::string>> nodes;
  for (const auto& one : to.answering())
    for (const auto& service : one.document.services)
      if (own == own_services::shown || service.name != admin_name) nodes[service.name].push_back(one.name);
  json all = json::array();
  table shown({{"SERVICE"}, {"REPLICAS", align::right}, {"NODES"}});
  for (auto& [name, replicas] : nodes) {
    std::sort(replicas.begin(), replicas.end());
    all.push_back(json::object({{"name", name}, {"nodes", replicas}}));
    shown.add({name, std::to_string(replicas.size()), joined(replicas)});
  }
  if (common.format == format::json)
    print_json(json::object({{"cluster", to.cluster()}, {"services", std::move(all)}}));
  else
    shown.print();
}

// --- stats ---------------------------------------------------------------------------------------------

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
                 count(service.getRefused()), count(service.getExpired()), count(service.getFailed()),
                 count(service.getRestarts()), duration_text(service.getQueueMicros()),
                 duration_text(service.getServiceMicros())});
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
  const auto asked = node.empty() ? to.answering() : std::vector{to.asked(node)};
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

// --- explain -------------------------------------------------------------------------------------------

struct told_by {
  std::string node;
  response<admin::Admin::ExplainResults> what;
};

bool has_called(const told_by& one) {
  for (const auto candidate : one.what->getExplanation().getCandidates())
    if (candidate.getShare() > 0) return true;
  return false;
}

void print_explanation(const told_by& one) {
  const auto told = one.what->getExplanation();
  std::printf("%s as %s sees it, policy %s\n", told.getService().cStr(), one.node.c_str(),
              told.getPolicy().cStr());
  std::vector<column> columns{{"NODE"}, {"ADDRESS"}};
  // Every candidate has the same terms; the first one's order is the formula's.
  std::vector<std::string> terms;
  for (const auto candidate : told.getCandidates())
    for (const auto term : candidate.getTerms())
      if (std::find(terms.begin(), terms.end(), text_of(term.getName())) == terms.end())
        terms.push_back(text_of(term.getName()));
  for (const auto& term : terms) columns.push_back({term, align::right});
  for (const auto* title : {"SCORE", "SHARE", "IN FLIGHT"}) columns.push_back({title, align::right});
  columns.push_back({"STATE"});
  table shown(std::move(columns));
  for (const auto candidate : told.getCandidates()) {
    std::vector<cell> row{text_of(candidate.getNode()), text_of(candidate.getAddress())};
    for (const auto& name : terms) {
      std::string text = "-";
      for (const auto term : candidate.getTerms())
        if (text_of(term.getName()) == name)
          text = fixed(term.getValue(), 2) + " x " + fixed(term.getWeight(), 2);
      row.emplace_back(std::move(text));
    }
    row.emplace_back(fixed(candidate.getScore(), 3));
    row.emplace_back(fixed(candidate.getShare() * 100, 0) + " %");
    row.emplace_back(std::to_string(candidate.getInFlight()));
    row.emplace_back(text_of(candidate.getState()), colour_of_state(text_of(candidate.getState())));
    shown.add(std::move(row));
  }
  shown.print();
}

void explain(const common_options& common, const std::string& service, const std::string& from) {
  connection to(common);
  (void)to.serving(service);  // a service that nobody has is an error of its own
  const auto asked = from.empty() ? to.answering() : std::vector{to.asked(from)};
  std::vector<told_by> all;
  std::string problem;
  for (const auto& one : asked) {
    auto told = to.admin().explain(service).on(one.self.node).within(ask_within).wait();
    if (told)
      all.push_back({one.name, std::move(told)});
    else
      problem = told.error().explain();
  }
  if (all.empty()) throw stopped(failed, problem);
  // Who calls it knows best. Where nobody does, every node's view is as good.
  if (std::any_of(all.begin(), all.end(), has_called))
    std::erase_if(all, [](const auto& one) { return !has_called(one); });
  else
    all.erase(all.begin() + 1, all.end());
  if (common.format == format::json) {
    json views = json::array();
    for (const auto& one : all) {
      json view = json::object({{"from", one.node}});
      const auto told = to_json(capnp::DynamicStruct::Reader(one.what->getExplanation()));
      view.update(told);
      views.push_back(std::move(view));
    }
    return print_json(json::object({{"service", service}, {"views", std::move(views)}}));
  }
  for (const auto& one : all) {
    if (&one != &all.front()) std::puts("");
    print_explanation(one);
  }
}

}  // namespace

void add_cluster_verbs(command_line& to) {
  const auto from = std::make_shared<std::string>();
  to.verb("members", "Shows who is in the cluster, as one of its nodes sees it.",
          "  troupe members\n  troupe members --from cart-2\n",
          [&common = to.common, from] { members(common, *from); })
      ->add_option("--from", *from, "the node that is asked")
      ->type_name("NODE");

  const auto own = std::make_shared<bool>(false);
  to.verb("services", "Shows the services and who has them.", "  troupe services\n  troupe services --all\n",
          [&common = to.common, own] { services(common, *own ? own_services::shown : own_services::hidden); })
      ->add_flag("--all", *own, "with those that every node has: troupe.Admin");

  const auto node = std::make_shared<std::string>();
  to.verb("stats", "Shows what the services count; of one node also its links and counters.",
          "  troupe stats\n  troupe stats cart-2\n", [&common = to.common, node] { stats(common, *node); })
      ->add_option("NODE", *node, "only this one, and all of it");

  const auto service = std::make_shared<std::string>();
  const auto asked = std::make_shared<std::string>();
  auto* verb = to.verb("explain", "Shows why a replica is chosen: its score, term by term (value x weight).",
                       "  troupe explain shop.Cart                by every node that calls it\n"
                       "  troupe explain shop.Cart --from web-1\n",
                       [&common = to.common, service, asked] { explain(common, *service, *asked); });
  verb->add_option("SERVICE", *service, "as troupe services shows it")->required();
  verb->add_option("--from", *asked, "the node whose router is asked")->type_name("NODE");
}

}  // namespace troupe::command
