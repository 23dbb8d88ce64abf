// describe: the methods of a service, as their authors declared them.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include <troupe/reflection/schema_text.hpp>
#include <troupe/rpc/declared_trait.hpp>

#include "../connection.hpp"
#include "../output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

std::string upper(std::string_view text) {
  std::string raised(text);
  std::transform(raised.begin(), raised.end(), raised.begin(),
                 [](unsigned char one) { return static_cast<char>(std::toupper(one)); });
  return raised;
}

json params_json(const reflection::method_view& of) {
  json params = json::array();
  for (const auto field : of.params.getFields()) {
    const auto proto = field.getProto();
    params.push_back(
        json::object({{"name", proto.getName().cStr()},
                      {"type", proto.isGroup() ? "group" : reflection::type_name(field.getType())}}));
  }
  return params;
}

json method_json(const reflection::method_view& of) {
  const auto& traits = of.facts.traits;
  json shown =
      json::object({{"name", of.facts.name}, {"params", params_json(of)}, {"signature", of.signature()}});
  for (const auto& trait : rpc::declared_traits()) shown[std::string(trait.name)] = trait.text(traits);
  shown["timeoutMicros"] = to_micros(traits.timeout);
  shown["affinityKey"] = affinity_name(of);
  return shown;
}

void print_methods(const reflection::interface_view& of) {
  std::vector<column> columns{{"METHOD"}};
  for (const auto& trait : rpc::declared_traits()) columns.push_back({upper(trait.name)});
  columns.insert(columns.end(), {{"AFFINITY"}, {"PARAMETERS -> RESULTS"}});
  table shown(std::move(columns));
  for (const auto& one : of.methods()) {
    std::vector<cell> row{one.facts.name};
    for (const auto& trait : rpc::declared_traits()) row.emplace_back(trait.text(one.facts.traits));
    row.emplace_back(one.affinity.empty() ? "-" : affinity_name(one));
    row.emplace_back(reflection::fields_text(one.params) + " -> " + reflection::fields_text(one.results));
    shown.add(std::move(row));
  }
  shown.print();
}

void describe(const common_options& common, const std::string& service) {
  connection to(common);
  const auto interface = to.describe(service);
  if (common.format == format::json) {
    json methods = json::array();
    for (const auto& one : interface.methods()) methods.push_back(method_json(one));
    return print_json(json::object(
        {{"service", service}, {"policy", interface.policy()}, {"methods", std::move(methods)}}));
  }
  if (!interface.policy().empty())
    std::printf("%s, policy %s\n", service.c_str(), interface.policy().c_str());
  print_methods(interface);
}

}  // namespace

void add_describe_verb(command_line& to) {
  const auto service = std::make_shared<std::string>();
  to.verb("describe", "Shows the methods of a service, with parameters and what their author declared.",
          "  troupe describe shop.Cart\n  troupe describe troupe.Admin\n",
          [&common = to.common, service] { describe(common, *service); })
      ->add_option("SERVICE", *service, "as troupe services shows it")
      ->required();
}

}  // namespace troupe::command
