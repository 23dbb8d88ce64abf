// call, describe: by reflection, so that the command knows every service and none.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "connection.hpp"
#include "output.hpp"
#include "reflection.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

struct call_options {
  std::string method;
  std::string json = "{}";
  std::string on;
  duration timeout{0};
};

const method_view& find_method(const interface_view& in, const std::string& name) {
  if (const auto* found = in.find(name)) return *found;
  std::string all;
  for (const auto& one : in.methods()) all += "\n  " + one.signature();
  throw stopped(nothing_there, in.service() + " has no method '" + name + "'; there are" + all);
}

void call(const common_options& common, const call_options& options) {
  const auto dot = options.method.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == options.method.size())
    throw stopped(misused, "'" + options.method + "' is not SERVICE.METHOD, such as shop.Cart.get");
  auto text = options.json;
  if (text == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});

  connection to(common);
  const auto interface = to.describe(options.method.substr(0, dot));
  const auto& method = find_method(interface, options.method.substr(dot + 1));
  capnp::MallocMessageBuilder message;
  auto params = message.initRoot<capnp::DynamicStruct>(method.params);
  if (const auto filled = fill_params(method, text, params); !filled)
    throw stopped(misused, filled.error().text);

  auto made = to.observer().reflective().start(
      method.calling, affinity_key(method, params.asReader()),
      [&](capnp::AnyPointer::Builder into) { into.setAs<capnp::DynamicStruct>(params.asReader()); });
  if (options.timeout > duration::zero()) made = std::move(made).within(options.timeout);
  if (!options.on.empty()) made = std::move(made).on(to.require(options.on));
  const auto reply = need(std::move(made).wait());
  std::puts(take(to_json_text(reply->getAs<capnp::DynamicStruct>(method.results))).c_str());
}

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

void add_call_verbs(command_line& to) {
  const auto options = std::make_shared<call_options>();
  auto* verb = to.verb(
      "call", "Calls a method: JSON in, JSON out.",
      "  troupe call hello.Greeter.greet '{\"name\": \"Ann\"}'\n"
      "  echo '{\"user\": \"ann\"}' | troupe call shop.Cart.get -\n"
      "  troupe call shop.Cart.get '{\"user\": \"ann\"}' --timeout 50ms --on cart-2\n"
      "\n64-bit integers are texts in the answer, and may be in the question; Data is a list of bytes.\n",
      [&common = to.common, options] { call(common, *options); });
  verb->add_option("SERVICE.METHOD", options->method, "as troupe services and troupe describe show them")
      ->required();
  verb->add_option("JSON", options->json, "the parameters; - reads them from stdin; absent means {}");
  verb->add_option("--on", options->on, "only this node may answer")->type_name("NODE");
  add_duration(verb, "--timeout", options->timeout, "for the whole call, attempts included");

  const auto service = std::make_shared<std::string>();
  to.verb("describe", "Shows the methods of a service, with parameters, safety and timeout.",
          "  troupe describe shop.Cart\n  troupe describe troupe.Admin\n",
          [&common = to.common, service] { describe_service(common, *service); })
      ->add_option("SERVICE", *service, "as troupe services shows it")
      ->required();
}

}  // namespace troupe::command
