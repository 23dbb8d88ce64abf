#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <sstream>

#include <CLI/CLI.hpp>
#include <toml++/toml.h>

#include <troupe/base/endpoint.hpp>
#include <troupe/membership/message.hpp>
#include <troupe/node/options.hpp>
#include <troupe/node/service_tables.hpp>

namespace troupe {

namespace {

constexpr std::array<std::string_view, 6> log_levels = {"trace", "debug", "info", "warn", "error", "off"};

error bad_option(const std::string& name, const std::string& value, const std::string& bounds) {
  return {code::invalid_argument, "option " + name + " is '" + value + "': it must be " + bounds};
}

/// One option by its name in files and on the command line. `set` gives an error for a value that means
/// nothing.
struct named_option {
  const char* help;
  std::function<result<void>(node_options&, const std::string&)> set;
  const char* environment = "";  // the variable that it may come from
};

result<void> set_duration(const std::string& text, duration& into) {
  const auto parsed = parse_duration(text);
  if (!parsed) return parsed.error();
  into = *parsed;
  return {};
}

result<void> set_number(const std::string& text, std::size_t& into) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), into);
  if (failure != std::errc{} || end != text.data() + text.size())
    return error{code::invalid_argument, "'" + text + "' is not a whole number"};
  return {};
}

result<void> set_text(const std::string& text, std::string& into) {
  into = text;
  return {};
}

// One table for files and command lines, so that they cannot differ.
const std::map<std::string, named_option, std::less<>>& all_options() {
  static const std::map<std::string, named_option, std::less<>> table = {
      {"name", {"who this is, unique in the cluster", [](auto& o, auto& t) { return set_text(t, o.name); }}},
      {"cluster",
       {"nodes of other clusters are refused", [](auto& o, auto& t) { return set_text(t, o.cluster); }}},
      {"listen",
       {"ADDRESS:PORT, port 0 picks a free one", [](auto& o, auto& t) { return set_text(t, o.listen); }}},
      {"advertise",
       {"what others dial, where it differs", [](auto& o, auto& t) { return set_text(t, o.advertise); }}},
      {"keyring",
       {"the file of the gossip keys: see troupe keys",
        [](auto& o, auto& t) { return set_text(t, o.keyring); }, "TROUPE_KEYRING"}},
      {"gossip-key",
       {"the gossip key, where there is no keyring yet; better by the environment than here",
        [](auto& o, auto& t) { return set_text(t, o.gossip_key); }, "TROUPE_GOSSIP_KEY"}},
      {"zone", {"where this node is", [](auto& o, auto& t) { return set_text(t, o.zone); }}},
      {"log-level",
       {"trace, debug, info, warn, error or off", [](auto& o, auto& t) { return set_text(t, o.log_level); }}},
      {"pool-threads",
       {"threads for services on the pool", [](auto& o, auto& t) { return set_number(t, o.pool_threads); }}},
      {"drain-limit",
       {"how long a stopping node waits", [](auto& o, auto& t) { return set_duration(t, o.drain_limit); }}},
      {"policy",
       {"how replicas of services are chosen that say nothing themselves: dynamic_score, round_robin, ...",
        [](auto& o, auto& t) -> result<void> {
          const auto kind = balance::parse_policy_kind(t);
          if (!kind) return kind.error();
          o.routing.policy = *kind;
          return {};
        }}},
      {"profile",
       {"membership's timing: automatic, local or lan",
        [](auto& o, auto& t) -> result<void> {
          if (t == "automatic")
            o.profile = membership_profile::automatic;
          else if (t == "local")
            o.profile = membership_profile::local;
          else if (t == "lan")
            o.profile = membership_profile::lan;
          else
            return bad_option("profile", t, "automatic, local or lan");
          return {};
        }}},
      {"allow-faults",
       {"true: the command 'troupe fault' may slow or fail services",
        [](auto& o, auto& t) -> result<void> {
          if (t != "true" && t != "false") return bad_option("allow-faults", t, "true or false");
          o.faults = t == "true" ? fault_injection::allowed : fault_injection::refused;
          return {};
        }}},
  };
  return table;
}

std::string place_of(const toml::source_region& where) {
  std::ostringstream text;
  text << "line " << where.begin.line << ", column " << where.begin.column;
  return text.str();
}

void set_service(const routing::named_service_options& said, node_options& options) {
  auto& own = options.routing.services[said.service];
  if (said.options.policy) own.policy = said.options.policy;
  // Later ones count: with_weights applies them in this order.
  own.weights.insert(own.weights.end(), said.options.weights.begin(), said.options.weights.end());
}

result<void> set_service(const std::string& text, node_options& options) {
  const auto said = routing::parse_service_options(text);
  if (!said) return said.error();
  set_service(*said, options);
  return {};
}

result<std::string> scalar_text(const toml::node& value) {
  if (const auto* text = value.as_string()) return text->get();
  if (const auto* number = value.as_integer()) return std::to_string(number->get());
  if (const auto* flag = value.as_boolean()) return std::string(flag->get() ? "true" : "false");
  return error{code::invalid_argument, "a text, a whole number, true or false is wanted here"};
}

result<void> read_join(const toml::node& value, node_options& options) {
  const auto* list = value.as_array();
  if (list == nullptr)
    return error{code::invalid_argument, "join is a list of addresses: join = [\"127.0.0.1:7000\"]"};
  options.join.clear();
  for (const auto& entry : *list) {
    const auto* text = entry.as_string();
    if (text == nullptr)
      return error{code::invalid_argument, "join is a list of texts: join = [\"127.0.0.1:7000\"]"};
    options.join.push_back(text->get());
  }
  return {};
}

result<void> read_entry(std::string key, const toml::node& value, node_options& options) {
  std::replace(key.begin(), key.end(), '_', '-');
  if (key == "join") return read_join(value, options);
  const auto known = all_options().find(key);
  if (known == all_options().end()) {
    std::string names = "join";
    for (const auto& [name, option] : all_options()) names += ", " + name;
    return error{code::invalid_argument, "there is no option '" + key + "'; there are " + names};
  }
  const auto text = scalar_text(value);
  if (!text) return text.error();
  return known->second.set(options, *text);
}

}  // namespace

result<void> node_options::validate() const {
  if (name.size() > membership::node_name_bytes_max) return bad_option("name", name, "1 to 64 characters");
  if (cluster.empty() || cluster.size() > 64) return bad_option("cluster", cluster, "1 to 64 characters");
  if (zone.size() > membership::zone_bytes_max) return bad_option("zone", zone, "at most 64 characters");
  if (pool_threads < 1 || pool_threads > 256)
    return bad_option("pool-threads", std::to_string(pool_threads), "1 to 256");
  if (std::find(log_levels.begin(), log_levels.end(), log_level) == log_levels.end())
    return bad_option("log-level", log_level, "trace, debug, info, warn, error or off");
  if (const auto where = parse_endpoint(listen); !where)
    return bad_option("listen", listen, "ADDRESS:PORT with a numeric address, such as 127.0.0.1:7000");
  if (!advertise.empty()) {
    const auto where = parse_endpoint(advertise);
    if (!where || where->is_unspecified())
      return bad_option("advertise", advertise, "ADDRESS:PORT that others can dial");
  } else if (parse_endpoint(listen)->is_unspecified()) {
    return error{code::invalid_argument,
                 "a node that listens on " + listen + " must say what others dial: set the option advertise"};
  }
  for (const auto& seed : join)
    if (const auto parts = split_host_port(seed); !parts) return parts.error();
  const auto within = [](duration value, duration low, duration high) {
    return value >= low && value <= high;
  };
  if (!within(drain_limit, duration::zero(), std::chrono::hours(24)))
    return bad_option("drain-limit", format_duration(drain_limit), "0 to 24 h");
  if (!within(keep_alive.interval, 10ms, 1min) || !within(keep_alive.patience, 10ms, 1min) ||
      keep_alive.give_up < keep_alive.patience)
    return error{
        code::invalid_argument,
        "keep_alive.interval and keep_alive.patience are 10 ms to 1 min, and give_up is not below patience"};
  if (links.frames.words_max < 128 || links.frames.nesting_max < 8)
    return error{code::invalid_argument,
                 "links.frames.words_max is at least 128 words, and nesting_max at least 8"};
  if (server.links_max < 1 || server.links_max > 1'000'000)
    return bad_option("server.links_max", std::to_string(server.links_max), "1 to 1,000,000");
  if (links.low_water >= links.high_water)
    return error{code::invalid_argument, "links.low_water must be below links.high_water"};
  return routing.validate();
}

result<void> read_options_file(const std::string& path, node_options& options) {
  if (!std::filesystem::exists(path)) return error{code::not_found, "there is no file " + path};
  toml::table file;
  try {
    file = toml::parse_file(path);
  } catch (const toml::parse_error& problem) {
    std::ostringstream text;
    text << path << ", line " << problem.source().begin.line << ", column " << problem.source().begin.column
         << ": " << problem.description();
    return error{code::invalid_argument, text.str()};
  }
  const auto wrong = [&](const toml::source_region& where, const error& problem) {
    return error{problem.code, path + ", " + place_of(where) + ": " + problem.text};
  };
  const auto* table = file["node"].as_table();
  const auto* services = file.get("service");
  if (table == nullptr && services == nullptr)
    return error{code::invalid_argument, path + " has neither a table [node] nor [service.\"NAME\"]"};
  std::vector<routing::named_service_options> said;
  if (services != nullptr)
    if (const auto problem = read_service_tables(*services, said))
      return wrong(problem->where, {code::invalid_argument, problem->what});
  for (const auto& one : said) set_service(one, options);
  if (table == nullptr) return {};
  for (const auto& [key, value] : *table) {
    const auto read = read_entry(std::string(key.str()), value, options);
    if (!read) return wrong(value.source(), read.error());
  }
  return {};
}

result<command_line> read_command_line(int argc, const char* const* argv, const node_options& defaults) {
  command_line read{defaults, {}, {}};
  CLI::App parser(
      "A node of a Troupe cluster.\n\nPrecedence: the program's own defaults, then --config, then the "
      "options here.");
  parser.allow_extras();
  std::string file;
  parser.add_option(
      "--config", file,
      "a TOML file with a table [node], keys as the options here, and tables [service.\"NAME\"]");
  std::vector<std::string> seeds;
  parser.add_option("--join", seeds, "ADDRESS:PORT of members of the cluster, names too")->delimiter(',');
  std::vector<std::string> services;
  parser
      .add_option("--service", services,
                  "how a service's replicas are chosen: NAME:policy=round_robin,load=.5; once for each")
      ->allow_extra_args(false);
  std::map<std::string, std::string> given;
  for (const auto& [name, option] : all_options())
    parser.add_option("--" + name, given[name], option.help)->envname(option.environment);
  try {
    parser.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    read.help = parser.help();
    return read;
  } catch (const CLI::ParseError& problem) {
    return error{code::invalid_argument, std::string(problem.what()) + " (--help lists the options)"};
  }
  if (!file.empty())
    if (const auto done = read_options_file(file, read.options); !done) return done.error();
  if (!seeds.empty()) read.options.join = seeds;
  for (const auto& text : services)
    if (const auto done = set_service(text, read.options); !done)
      return error{done.error().code, "--service: " + done.error().text};
  for (const auto& [name, option] : all_options()) {
    if (parser.count("--" + name) == 0) continue;
    if (const auto done = option.set(read.options, given[name]); !done)
      return error{done.error().code, "--" + name + ": " + done.error().text};
  }
  read.arguments = parser.remaining();
  if (const auto sound = read.options.validate(); !sound) return sound.error();
  return read;
}

}  // namespace troupe
