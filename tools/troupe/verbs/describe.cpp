// describe: the methods of a service, as their authors declared them.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "../connection.hpp"
#include "../output.hpp"
#include "../reflection.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

std::string safety_name(const method_view& of) { return std::string(to_string(of.calling.safety)); }

void describe_service(const common_options& common, const std::string& service) {
  connection to(common);
  const auto interface = to.describe(service);
  if (common.format == format::json) {
    json methods = json::array();
    for (const auto& one : interface.methods()) {
      json params = json::array();
      for (const auto field : one.params.getFields())
        params.push_back(
            json::object({{"name", field.getProto().getName().cStr()},
                          {"type", field.getProto().isGroup() ? "group" : type_name(field.getType())}}));
      methods.push_back(
          json::object({{"name", one.calling.name},
                        {"params", std::move(params)},
                        {"signature", one.signature()},
                        {"safety", safety_name(one)},
                        {"timeoutMicros",
                         std::chrono::duration_cast<std::chrono::microseconds>(one.calling.timeout).count()},
                        {"affinityKey", joined(one.affinity, ".")}}));
    }
    const auto policy = interface.methods().empty() ? "" : interface.methods().front().calling.policy;
    return print_json(
        json::object({{"service", service}, {"policy", policy}, {"methods", std::move(methods)}}));
  }
  if (!interface.methods().empty() && !interface.methods().front().calling.policy.empty())
    std::printf("%s, policy %s\n", service.c_str(), interface.methods().front().calling.policy.c_str());
  table shown({{"METHOD"}, {"SAFETY"}, {"TIMEOUT", align::right}, {"AFFINITY"}, {"PARAMETERS -> RESULTS"}});
  for (const auto& one : interface.methods())
    shown.add({one.calling.name, safety_name(one), format_duration(one.calling.timeout),
               one.affinity.empty() ? "-" : joined(one.affinity, "."),
               fields_text(one.params) + " -> " + fields_text(one.results)});
  shown.print();
}

}  // namespace

void add_describe_verb(command_line& to) {
  const auto service = std::make_shared<std::string>();
  to.verb("describe", "Shows the methods of a service, with parameters, safety and timeout.",
          "  troupe describe shop.Cart\n  troupe describe troupe.Admin\n",
          [&common = to.common, service] { describe_service(common, *service); })
      ->add_option("SERVICE", *service, "as troupe services shows it")
      ->required();
}

}  // namespace troupe::command
