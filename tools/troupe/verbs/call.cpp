// call: a method by reflection, so that the command knows every service and none.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>

#include <capnp/message.h>

#include <troupe/reflection/json.hpp>

#include "../connection.hpp"

namespace troupe::command {

namespace {

struct call_options {
  std::string method;
  std::string json = "{}";
  std::string on;
  duration timeout{0};
};

const reflection::method_view& find_method(const reflection::interface_view& in, const std::string& name) {
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

  auto made = to.observer().reflective().start(method, params.asReader());
  if (options.timeout > duration::zero()) made = std::move(made).within(options.timeout);
  if (!options.on.empty()) made = std::move(made).on(to.require(options.on));
  const auto reply = need(std::move(made).wait());
  std::puts(take(reflection::to_json_text(reply->getAs<capnp::DynamicStruct>(method.results))).c_str());
}

}  // namespace

void add_call_verb(command_line& to) {
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
}

}  // namespace troupe::command
