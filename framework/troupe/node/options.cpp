#include <array>

#include <troupe/base/endpoint.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/node/options.hpp>

namespace troupe {

namespace {

constexpr std::array log_levels = {option_choice{"trace"}, option_choice{"debug"}, option_choice{"info"},
                                   option_choice{"warn"},  option_choice{"error"}, option_choice{"off"}};
constexpr std::array profiles = {
    option_choice{"automatic", membership_profile::automatic},
    option_choice{"local", membership_profile::local},
    option_choice{"lan", membership_profile::lan},
};
constexpr std::array roles = {option_choice{"member", gossip::role::member},
                              option_choice{"observer", gossip::role::observer}};
constexpr std::array permissions = {option_choice{"true", fault_injection::allowed},
                                    option_choice{"false", fault_injection::refused}};

constexpr double name_max = membership::node_name_bytes_max;
constexpr double zone_max = membership::zone_bytes_max;

constexpr std::array all = {
    option_of<&node_options::join>(
        "join", anything_goes(),
        "Addresses of any members of the cluster, HOST:PORT; none: this node begins "
        "a cluster."),
    option_of<&node_options::name>("name", between(0, name_max),
                                   "Who this is, unique in the cluster; empty: made of the host's name, the "
                                   "process id and a random tail."),
    option_of<&node_options::cluster>("cluster", between(1, 64),
                                      "Nodes of different clusters refuse each other."),
    option_of<&node_options::listen>("listen", anything_goes(),
                                     "Where to listen, TCP and UDP on one port, ADDRESS:PORT; port 0 picks a "
                                     "free one."),
    option_of<&node_options::advertise>("advertise", anything_goes(),
                                        "What others dial, where that differs from listen (0.0.0.0, NAT)."),
    option_of<&node_options::zone>("zone", between(0, zone_max),
                                   "Where this node is, for preferring near replicas."),
    option_of<&node_options::keyring>(
        "keyring", anything_goes(),
        "The file of the gossip keys, which the node writes when they change: see "
        "troupe keys."),
    option_of<&node_options::gossip_key>("gossip_key", anything_goes(),
                                         "The gossip key, where there is no such file (yet); better by the "
                                         "environment than on a command line."),
    option_of<&node_options::role>("role", one_of(roles),
                                   "An observer takes no part in membership and hosts nothing: for programs "
                                   "that come and go."),
    option_of<&node_options::pool_threads>("pool_threads", between(1, 256),
                                           "Threads for services placed on the pool."),
    option_of<&node_options::drain_limit>("drain_limit", between(0s, 24h),
                                          "How long a stopping node waits for requests under way."),
    option_of<&node_options::log_level>("log_level", one_of(log_levels), "What is logged."),
    option_of<&node_options::faults>(
        "allow_faults", one_of(permissions),
        "Whether the command troupe fault may make services slow or failing: for "
        "experiments only."),
    option_of<&node_options::profile>(
        "profile", one_of(profiles),
        "Which timing membership has; automatic is local on a loopback address, "
        "else lan."),
    option_of<&node_options::routing, &routing::options::policy>(
        "policy", one_of(balance::policy_names),
        "How replicas of services are chosen of which nobody says anything else."),
};

// Those of rooms have lists of their own: membership, gossip, server, links, keep_alive, hosting; features
// are for tests. Routing is counted by the policy.
static_assert(covers<node_options>(all, 7));

error bad_option(std::string_view name, const std::string& value, std::string_view must) {
  return option_error(name, "'" + value + "'", must);
}

result<void> validate_addresses(const node_options& of) {
  const auto listening = parse_endpoint(of.listen);
  if (!listening)
    return bad_option("listen", of.listen, "ADDRESS:PORT with a numeric address, such as 127.0.0.1:7000");
  if (!of.advertise.empty()) {
    const auto where = parse_endpoint(of.advertise);
    if (!where || where->is_unspecified())
      return bad_option("advertise", of.advertise, "ADDRESS:PORT that others can dial");
  } else if (listening->is_unspecified()) {
    return error{code::invalid_argument, "a node that listens on " + of.listen +
                                             " must say what others dial: set the option advertise"};
  }
  for (const auto& seed : of.join)
    if (const auto parts = split_host_port(seed); !parts) return parts.error();
  return {};
}

result<void> validate_hosting(const node_options& of) {
  for (const auto& [service, settings] : of.hosting)
    for (const auto& each : settings) {
      const auto* known = hosting::list().find(each.name);
      hosting trial;
      if (known == nullptr)
        return {code::invalid_argument, "service " + service + ": there is no option '" + each.name + "'"};
      if (const auto done = known->set(&trial, each.value, each.name); !done)
        return {code::invalid_argument, "service " + service + ": " + done.error().text};
    }
  return {};
}

bool is_loopback(const endpoint& where) {
  return where.is_v4() ? where.address[12] == 127
                       : where == parse_endpoint("[::1]:" + std::to_string(where.port)).value();
}

bool on_loopback(const node_options& of) {
  const auto where = parse_endpoint(of.advertise.empty() ? of.listen : of.advertise);
  return where && is_loopback(*where);
}

}  // namespace

option_list<node_options> node_options::list() { return {"node", all}; }

result<void> node_options::validate() const {
  for (const auto& each : all)
    if (auto sound = each.check(this, each.name); !sound) return sound;
  if (auto sound = validate_addresses(*this); !sound) return sound;
  if (auto sound = validate_hosting(*this); !sound) return sound;
  if (membership)
    if (auto sound = membership->validate(); !sound) return sound;
  if (auto sound = gossip::asking_periods::list().check(gossip); !sound) return sound;
  if (auto sound = serving::server_options::list().check(server); !sound) return sound;
  if (auto sound = links.validate(); !sound) return sound;
  if (auto sound = keep_alive.validate(); !sound) return sound;
  return routing.validate();
}

membership::options membership_of(const node_options& options) {
  if (options.membership) return *options.membership;
  const auto local = options.profile == membership_profile::local ||
                     (options.profile == membership_profile::automatic && on_loopback(options));
  return local ? membership::options::local() : membership::options{};
}

hosting hosting_of(const node_options& options, std::string_view service, hosting how) {
  const auto said = options.hosting.find(service);
  if (said == options.hosting.end()) return how;
  for (const auto& each : said->second)
    TROUPE_INVARIANT(hosting::list().find(each.name)->set(&how, each.value, each.name));
  return how;
}

}  // namespace troupe
