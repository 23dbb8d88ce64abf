#include "key_order.hpp"

#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include <troupe/crypto/ring_file.hpp>
#include <troupe/crypto/sealing.hpp>

#include "connection.hpp"
#include "node_keys.hpp"
#include "output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;

constexpr duration spread_within = std::chrono::seconds(20);
constexpr auto spread_poll = std::chrono::milliseconds(100);

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
    const auto all = keys_of_everybody(to);
    auto late = nodes_where(all, [&](const auto& one) { return one.answers && !there(one); });
    progress.show(std::to_string(all.size() - late.size()) + " of " + std::to_string(all.size()) +
                  " nodes know of it");
    if (late.empty() || std::chrono::steady_clock::now() >= end) return late;
    std::this_thread::sleep_for(spread_poll);
  }
}

/// Refuses what would harm a node that lives, naming it.
void check(const connection& to, const key_options& wanted) {
  if (wanted.anyway || wanted.action == "install") return;
  const auto all = keys_of_everybody(to);
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

}  // namespace

void order_keys(const common_options& common, key_options wanted) {
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

}  // namespace troupe::command
