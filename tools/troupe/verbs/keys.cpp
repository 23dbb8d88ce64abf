// keys: what gossip is sealed with, on which node, and how it is changed while everything runs.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include <troupe/crypto/ring_file.hpp>

#include "../connection.hpp"
#include "../key_order.hpp"
#include "../node_keys.hpp"
#include "../output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

void show(const common_options& common) {
  const connection to(common);
  const auto all = keys_of_everybody(to);
  json nodes = json::array();
  table shown({{"NODE"}, {"SEALS WITH"}, {"ALSO OPENS"}, {"RETIRED"}, {"KEPT IN"}});
  for (const auto& one : all) {
    std::vector<std::string> held, retired;
    std::string primary;
    json keys = json::array();
    for (const auto& key : one.keys) {
      keys.push_back(json::object({{"id", key.id}, {"standing", key.standing}, {"primary", key.primary}}));
      if (key.primary)
        primary = key.id;
      else if (key.standing == "held")
        held.push_back(key.id);
      else if (key.standing == "retired")
        retired.push_back(key.id);
    }
    nodes.push_back(json::object({{"node", one.node},
                                  {"answers", one.answers},
                                  {"sealed", one.sealed},
                                  {"keys", std::move(keys)},
                                  {"keptIn", one.kept},
                                  {"problem", one.problem}}));
    const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
    if (!one.answers)
      shown.add({one.node, {"does not answer", colour::yellow}, "", "", ""});
    else if (!one.sealed)
      shown.add({one.node, {"nothing: gossip is open", colour::red}, "-", "-", "-"});
    else
      shown.add({one.node,
                 {primary, colour::green},
                 or_dash(joined(held)),
                 or_dash(joined(retired)),
                 one.problem.empty() ? cell(one.kept.empty() ? "memory only" : one.kept)
                                     : cell(one.problem, colour::red)});
  }
  if (common.format == format::json)
    print_json(json::object({{"cluster", to.cluster()}, {"nodes", std::move(nodes)}}));
  else
    shown.print();
}

void make(const common_options& common, const std::string& file) {
  const auto fresh = crypto::key::generate();
  if (file.empty()) {
    if (common.format == format::json)
      return print_json(json::object({{"id", to_string(fresh.id())}, {"key", fresh.to_text()}}));
    return void(std::puts(fresh.to_text().c_str()));
  }
  if (const auto there = crypto::read_ring_file(file); there || there.error().code != code::not_found)
    throw stopped(failed, file + " is there already: it is not written over");
  crypto::ring keys;
  (void)take(keys.install(fresh));
  (void)take(crypto::write_ring_file(file, keys));
  print_outcome(common, "key " + to_string(fresh.id()) + " is in " + file,
                json::object({{"id", to_string(fresh.id())}, {"file", file}}));
}

void keys(const common_options& common, const key_options& wanted) {
  if (wanted.compromised && wanted.action != "retire")
    throw stopped(misused, "--compromised belongs to keys retire ID");
  if (wanted.action.empty()) return show(common);
  if (wanted.action == "new") return make(common, wanted.what);
  order_keys(common, wanted);
}

}  // namespace

void add_keys_verb(command_line& to) {
  const auto wanted = std::make_shared<key_options>();
  auto* verb = to.verb(
      "keys", "Shows what gossip is sealed with, and changes it while everything runs.",
      "  troupe keys                          which node has which keys\n"
      "  troupe keys new FILE                 a keyring to start with; a copy for every node: --keyring "
      "FILE\n"
      "  troupe keys install                  1. a new key, which every node learns\n"
      "  troupe keys use 3f9a01bc             2. seal with it, once every node has it\n"
      "  troupe keys retire 51c2e07d          3. take the old one out\n"
      "\nA node that was away meanwhile comes back by itself, for three days after the old key was retired.\n"
      "A key that was stolen is retired with --compromised: it lets nobody come back. As a new key travels\n"
      "under the old one, whoever has both the old key and the traffic of the change has the new one, too:\n"
      "after a theft, stop the nodes, give them a new keyring by hand, and start them.\n",
      [&common = to.common, wanted] { keys(common, *wanted); });
  verb->add_option("ACTION", wanted->action,
                   "new, install, use or retire; shows the keys where there is none")
      ->check(CLI::IsMember({"new", "install", "use", "retire"}));
  verb->add_option(
      "WHAT", wanted->what,
      "new: a FILE, else the key is printed; install: the key, or - for stdin, else a new one; use, "
      "retire: its ID");
  verb->add_option("--from", wanted->from, "the node that is told first")->type_name("NODE");
  verb->add_flag("--compromised", wanted->compromised, "retire: forget it everywhere, at once");
  verb->add_flag("--anyway", wanted->anyway,
                 "use, retire: also where a node does not answer, or is not so far");
}

}  // namespace troupe::command
