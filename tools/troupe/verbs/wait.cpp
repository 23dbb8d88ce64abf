// wait: until a service has its replicas, for scripts that go on when it does.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "../connection.hpp"
#include "../eventually.hpp"
#include "../output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

struct wanted {
  std::string service;
  std::size_t replicas = 1;
  duration within = std::chrono::seconds(30);
};

/// The nodes that are alive and serve it, by name.
std::vector<std::string> replicas_of(const connection& to, const std::string& service) {
  std::vector<std::string> names;
  for (const auto& one : to.members()) {
    const auto& offered = one.document.services;
    if (one.state == membership::state::alive &&
        std::any_of(offered.begin(), offered.end(), [&](const auto& each) { return each.name == service; }))
      names.push_back(one.name);
  }
  return names;
}

void wait(const common_options& common, const wanted& what) {
  const connection to(common);
  std::vector<std::string> there;
  const bool enough = eventually(what.within, [&] {
    there = replicas_of(to, what.service);
    return there.size() >= what.replicas;
  });
  if (!enough)
    throw stopped(failed, "after " + format_duration(what.within) + " " + what.service + " has " +
                              std::to_string(there.size()) + " of " + std::to_string(what.replicas) +
                              " replicas" + (there.empty() ? "" : ": " + joined(there)));
  print_outcome(common, what.service + " is served by " + joined(there),
                json::object({{"service", what.service}, {"nodes", there}}));
}

}  // namespace

void add_wait_verb(command_line& to) {
  const auto what = std::make_shared<wanted>();
  auto* verb = to.verb("wait", "Waits until a service has its replicas; for scripts.",
                       "  troupe wait shop.Cart\n  troupe wait shop.Cart --replicas 3 --within 1m\n",
                       [&common = to.common, what] { wait(common, *what); });
  verb->add_option("SERVICE", what->service, "as troupe services shows it")->required();
  verb->add_option("--replicas", what->replicas, "so many at least: 1")->type_name("NUMBER");
  add_duration(verb, "--within", what->within, "or it fails; 30 s unless said");
}

}  // namespace troupe::command
