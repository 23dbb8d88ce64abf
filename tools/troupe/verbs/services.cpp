// services: what the nodes of a cluster serve.
#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "../connection.hpp"
#include "../output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

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

}  // namespace

void add_services_verb(command_line& to) {
  const auto own = std::make_shared<bool>(false);
  to.verb("services", "Shows the services and who has them.", "  troupe services\n  troupe services --all\n",
          [&common = to.common, own] { services(common, *own ? own_services::shown : own_services::hidden); })
      ->add_flag("--all", *own, "with those that every node has: troupe.Admin");
}

}  // namespace troupe::command
