// calls: recent calls that are worth a look.
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

struct calls_options {
  std::string service;
  std::string node;
  std::uint32_t most = 20;
};

void calls(const common_options& common, const calls_options& wanted) {
  const connection to(common);
  struct listed {
    std::string node;
    admin::RecentCall::Reader call;
  };
  std::vector<response<admin::Admin::CallsResults>> answers;  // keep what the readers look at
  std::vector<listed> all;
  for (const auto& one : to.answering(wanted.node)) {
    auto told = to.admin().calls(wanted.service, wanted.most).on(one.self.node).within(ask_within).wait();
    if (!told) {
      std::fprintf(stderr, "troupe: %s does not answer\n", one.name.c_str());
      continue;
    }
    answers.push_back(std::move(told));
    for (const auto call : answers.back()->getCalls()) all.push_back({one.name, call});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.call.getAgoMicros() < b.call.getAgoMicros();
  });
  if (all.size() > wanted.most) all.resize(wanted.most);
  json shown = json::array();
  table rows({{"AGO", align::right},
              {"CALL"},
              {"BY"},
              {"METHOD"},
              {"ATTEMPTS", align::right},
              {"TOOK", align::right},
              {"RESULT"},
              {"KEPT AS"}});
  for (const auto& one : all) {
    json entry = json::object({{"from", one.node}});
    entry.update(to_json(capnp::DynamicStruct::Reader(one.call)));
    shown.push_back(std::move(entry));
    rows.add({duration_text(one.call.getAgoMicros()), text_of(one.call.getName()), one.node,
              text_of(one.call.getService()) + "." + text_of(one.call.getMethod()),
              std::to_string(one.call.getAttempts().size()), duration_text(one.call.getTookMicros()),
              text_of(one.call.getCode()), text_of(one.call.getKeptFor())});
  }
  if (common.format == format::json)
    print_json(json::object({{"calls", std::move(shown)}}));
  else
    rows.print();
}

}  // namespace

void add_calls_verb(command_line& to) {
  const auto listed = std::make_shared<calls_options>();
  auto* verb = to.verb(
      "calls", "Lists recent calls that failed, were repeated, declined or slow, and a sample of the others.",
      "  troupe calls\n  troupe calls shop.Cart --node web-1 --most 50\n",
      [&common = to.common, listed] { calls(common, *listed); });
  verb->add_option("SERVICE", listed->service, "only calls to it");
  verb->add_option("--node", listed->node, "only calls that this one made")->type_name("NODE");
  verb->add_option("--most", listed->most, "how many")->check(CLI::Range(1, 1000))->type_name("N");
}

}  // namespace troupe::command
