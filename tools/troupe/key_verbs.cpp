// keys: what gossip is sealed with, on which node, and how it is changed while everything runs.
//
// An order goes to one node, sealed with a key of the ring, and gossip takes it everywhere. The command then
// watches until it has arrived.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include <troupe/crypto/ring_file.hpp>
#include <troupe/crypto/sealing.hpp>
#include <troupe/wire/text.hpp>

#include "connection.hpp"
#include "output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;
using wire::text_of;

constexpr duration ask_within = std::chrono::milliseconds(700);
constexpr duration spread_within = std::chrono::seconds(20);
constexpr auto spread_poll = std::chrono::milliseconds(100);

// --- What the nodes know -------------------------------------------------------------------------------

struct known_key {
  std::string id, standing;
  bool primary = false;
};

struct node_keys {
  std::string node;
  bool answers = false;
  bool sealed = false;
  std::vector<known_key> keys;
  std::string kept, problem;

  const known_key* find(const std::string& id) const {
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const auto& one) { return one.id == id; });
    return found == keys.end() ? nullptr : &*found;
  }
};

std::vector<node_keys> ask_everybody(const connection& to) {
  std::vector<node_keys> all;
  for (const auto& one : to.answering()) {
    auto& read = all.emplace_back();
    read.node = one.name;
    const auto told = to.admin().keys().on(one.self.node).within(ask_within).wait();
    if (!told) continue;
    read.answers = true;
    read.sealed = told->getSealed();
    read.kept = text_of(told->getKept());
    read.problem = text_of(told->getProblem());
    for (const auto key : told->getKeys())
      read.keys.push_back({text_of(key.getId()), text_of(key.getStanding()), key.getPrimary()});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.node < b.node; });
  return all;
}

void show(const common_options& common) {
  const connection to(common);
  const auto all = ask_everybody(to);
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

// --- Orders --------------------------------------------------------------------------------------------

struct key_options {
  std::string action;  // empty: show
  std::string what;
  std::string from;
  bool compromised = false;
  bool anyway = false;
};

/// The names of those for whom `lacks` holds.
template <class Lacks>
std::vector<std::string> nodes_where(const std::vector<node_keys>& all, Lacks&& lacks) {
  std::vector<std::string> names;
  for (const auto& one : all)
    if (lacks(one)) names.push_back(one.node);
  return names;
}

/// Seals with whatever key of the file the node still takes an order under.
void give(const connection& to, const membership::member& whom, const crypto::ring& keys,
          const std::string& order) {
  crypto::sealing seal(to.cluster(), crypto::draw_salt(), 1);
  const auto* const first = reinterpret_cast<const std::byte*>(order.data());
  std::string problem = "the keyring " + to.keyring() + " has no key";
  for (const auto& one : keys.entries()) {
    if (!one.secret) continue;
    const auto sealed = seal.seal(one, crypto::content::order, crypto::recipient::of(whom.self),
                                  keys.digest(), {first, order.size()});
    const auto done =
        to.admin()
            .orderKeys([&](auto params) {
              params.setOrder({reinterpret_cast<const kj::byte*>(sealed.data()), sealed.size()});
            })
            .on(whom.self.node)
            .wait();
    if (done) return;
    problem = done.error().explain();
    if (done.error().code != code::unauthenticated) break;
  }
  throw stopped(failed, problem);
}

/// Waits until every node that answers is `there`. Gives the names of those that are not, after a while.
template <class There>
std::vector<std::string> await(const connection& to, There&& there) {
  const auto end = std::chrono::steady_clock::now() + spread_within;
  progress_line progress;
  for (;;) {
    const auto all = ask_everybody(to);
    const auto late = nodes_where(all, [&](const auto& one) { return one.answers && !there(one); });
    progress.show(std::to_string(all.size() - late.size()) + " of " + std::to_string(all.size()) +
                  " nodes know of it");
    if (late.empty() || std::chrono::steady_clock::now() >= end) return late;
    std::this_thread::sleep_for(spread_poll);
  }
}

/// Refuses what would harm a node that lives, naming it.
void check(const connection& to, const key_options& wanted) {
  if (wanted.anyway || wanted.action == "install") return;
  const auto all = ask_everybody(to);
  const bool use = wanted.action == "use";
  const auto harmed = nodes_where(all, [&](const node_keys& one) {
    if (!one.answers) return true;
    const auto* const key = one.find(wanted.what);
    return use ? key == nullptr || key->standing != "held" : key != nullptr && key->primary;
  });
  if (harmed.empty()) return;
  throw stopped(failed,
                joined(harmed) +
                    (use ? " cannot be seen to have key " + wanted.what + " yet: wait, or install it there"
                         : " cannot be seen to seal with another key than " + wanted.what +
                               " yet: wait, or use another key first") +
                    ". Who is away catches up when it comes back, so --anyway goes on without it");
}

/// What the node did, done to the file of --keyring as well, so that it opens the cluster tomorrow.
void follow(const std::string& file, crypto::ring keys, const key_options& wanted,
            const std::optional<crypto::key>& fresh) {
  const auto id = crypto::parse_key_id(wanted.what);
  const auto now = static_cast<crypto::wall_seconds>(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
  if (fresh)
    (void)keys.install(*fresh);
  else if (wanted.action == "use")
    (void)keys.use(*id);
  else
    (void)keys.retire(*id, wanted.compromised ? crypto::retirement::compromised : crypto::retirement::routine,
                      now);
  (void)take(crypto::write_ring_file(file, keys));
}

crypto::key key_to_install(const std::string& what) {
  if (what.empty()) return crypto::key::generate();
  std::string text = what;
  if (what == "-" && !std::getline(std::cin, text)) throw stopped(misused, "there is no key on stdin");
  return take(crypto::key::parse(text), misused);
}

void order(const common_options& common, key_options wanted) {
  std::optional<crypto::key> fresh;
  std::string text = wanted.action + " " + wanted.what;
  if (wanted.action == "install") {
    fresh = key_to_install(wanted.what);
    text = "install " + fresh->to_text();
    wanted.what = to_string(fresh->id());
  } else if (!crypto::parse_key_id(wanted.what)) {
    throw stopped(misused, "keys " + wanted.action + " wants the ID of a key, as troupe keys shows it");
  }
  if (wanted.compromised) text += " compromised";
  const connection to(common);
  if (to.keyring().empty())
    throw stopped(nothing_there,
                  "an order about keys is sealed with one of them: say --keyring FILE. Where "
                  "gossip is open, no key can be installed: start the nodes with one");
  const auto keys = take(crypto::read_ring_file(to.keyring()), misused);
  check(to, wanted);
  give(to, to.asked(wanted.from), keys, text);
  const auto late = await(to, [&](const node_keys& one) {
    const auto* const key = one.find(wanted.what);
    if (wanted.action == "install") return key != nullptr;
    if (wanted.action == "use") return key != nullptr && key->primary;
    return key == nullptr || key->standing == (wanted.compromised ? "forgotten" : "retired") ||
           key->standing == "forgotten";
  });
  if (!common.keyring.empty()) follow(common.keyring, keys, wanted, fresh);
  const auto what =
      wanted.action == "install" ? "key " + wanted.what + " opens gossip; troupe keys use " + wanted.what +
                                       " makes it the one that seals"
      : wanted.action == "use" ? "key " + wanted.what + " seals gossip"
      : wanted.compromised
          ? "key " + wanted.what + " is forgotten"
          : "key " + wanted.what + " is retired; for three days it lets a node that was away come back";
  if (!late.empty())
    std::fprintf(stderr, "troupe: %s did not hear of it within %s; gossip goes on telling\n",
                 joined(late).c_str(), format_duration(spread_within).c_str());
  print_outcome(common, what,
                json::object({{"action", wanted.action}, {"key", wanted.what}, {"notYet", late}}));
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
  order(common, wanted);
}

}  // namespace

void add_key_verbs(command_line& to) {
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
