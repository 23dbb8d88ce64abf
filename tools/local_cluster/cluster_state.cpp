#include "cluster_state.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <type_traits>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::local {

namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

constexpr auto lock_poll = std::chrono::milliseconds(20);

json to_json(const cluster_state& state) {
  json groups = json::array();
  for (const auto& group : state.groups)
    groups.push_back(json::object({{"name", group.name},
                                   {"program", group.program.string()},
                                   {"replicas", group.replicas},
                                   {"arguments", group.arguments}}));
  json nodes = json::array();
  for (const auto& node : state.nodes)
    nodes.push_back(json::object({{"name", node.name},
                                  {"group", node.group},
                                  {"number", node.number},
                                  {"port", node.port},
                                  {"pid", node.process.pid},
                                  {"startTicks", node.process.started},
                                  {"startedMicros", node.started_micros},
                                  {"ending", node.ending}}));
  return json::object({{"cluster", state.cluster},
                       {"logLevel", state.log_level},
                       {"bound", state.lifetime == lifetime::bound},
                       {"groups", std::move(groups)},
                       {"services", state.services},
                       {"nodes", std::move(nodes)}});
}

/// Whether `value` is a `Value`, and not merely something that the library would make one from.
template <class Value>
bool is_a(const json& value) {
  if constexpr (std::is_same_v<Value, json>)
    return true;
  else if constexpr (std::is_same_v<Value, bool>)
    return value.is_boolean();
  else if constexpr (std::is_integral_v<Value>)
    return value.is_number_unsigned()
               ? std::in_range<Value>(value.get<std::uint64_t>())
               : value.is_number_integer() && std::in_range<Value>(value.get<std::int64_t>());
  else if constexpr (std::is_same_v<Value, std::string>)
    return value.is_string();
  else
    return value.is_array() && std::all_of(value.begin(), value.end(), is_a<typename Value::value_type>);
}

/// Reads fields by name. What is amiss first is kept, and what it concerns stays as it was.
class field_reader {
 public:
  field_reader(const json& from, std::string where, std::string& amiss)
      : from_(from), where_(std::move(where)), amiss_(amiss) {}

  template <class Value>
  Value read(const char* name) {
    const auto found = from_.find(name);
    if (found != from_.end() && is_a<Value>(*found)) return found->template get<Value>();
    if (amiss_.empty())
      amiss_ = where_ + name + (found == from_.end() ? " is missing" : " is not what it should be");
    return {};
  }

  /// Calls `each(field_reader)` for the elements of a list of objects.
  template <class Each>
  void read_list(const char* name, Each&& each) {
    const auto all = read<std::vector<json>>(name);
    for (std::size_t i = 0; i < all.size(); ++i)
      each(field_reader(all[i], where_ + name + "[" + std::to_string(i) + "].", amiss_));
  }

 private:
  const json& from_;
  std::string where_;
  std::string& amiss_;
};

/// Errors: data_loss, naming the first field that is missing or of another type.
result<cluster_state> from_json(const json& document) {
  std::string amiss;
  field_reader of(document, "", amiss);
  cluster_state state;
  state.cluster = of.read<std::string>("cluster");
  state.log_level = of.read<std::string>("logLevel");
  state.lifetime = of.read<bool>("bound") ? lifetime::bound : lifetime::independent;
  of.read_list("groups", [&](field_reader group) {
    state.groups.push_back({group.read<std::string>("name"), group.read<std::string>("program"),
                            group.read<unsigned>("replicas"),
                            group.read<std::vector<std::string>>("arguments")});
  });
  state.services = of.read<std::vector<std::string>>("services");
  of.read_list("nodes", [&](field_reader from) {
    node_record node;
    node.name = from.read<std::string>("name");
    node.group = from.read<std::string>("group");
    node.number = from.read<unsigned>("number");
    node.port = from.read<std::uint16_t>("port");
    node.process = {from.read<pid_t>("pid"), from.read<std::uint64_t>("startTicks")};
    node.started_micros = from.read<std::int64_t>("startedMicros");
    node.ending = from.read<std::string>("ending");
    state.nodes.push_back(std::move(node));
  });
  if (!amiss.empty()) return error{code::data_loss, amiss};
  return state;
}

/// Errors: data_loss, saying where.
result<cluster_state> parse_state(const std::string& text) {
  try {
    return from_json(json::parse(text));
  } catch (const json::parse_error& problem) {
    return error{code::data_loss, problem.what()};
  }
}

error no_cluster(const fs::path& folder) {
  return {code::not_found, "no cluster is up in " + folder.string() + ": start one with troupe up PATH"};
}

}  // namespace

result<cluster_state> load_state(const fs::path& folder) {
  std::ifstream file(folder / "state.json");
  if (!file) return no_cluster(folder);
  std::ostringstream text;
  text << file.rdbuf();
  auto read = parse_state(text.str());
  if (!read)
    return error{code::data_loss, (folder / "state.json").string() + " cannot be read (" + read.error().text +
                                      "): end the processes by hand, and remove the folder"};
  return read;
}

result<void> save_state(const fs::path& folder, const cluster_state& state) {
  const auto target = folder / "state.json";
  const auto fresh = folder / "state.json.new";
  std::string text;
  try {
    text = to_json(state).dump(2);
  } catch (const json::type_error&) {
    return error{code::invalid_argument,
                 "cannot write " + fresh.string() + ": a path, an argument or a name is not UTF-8"};
  }
  {
    std::ofstream file(fresh, std::ios::trunc);
    file << text << "\n";
    file.close();
    if (!file) return error{code::unavailable, "cannot write " + fresh.string()};
  }
  std::error_code failure;
  fs::rename(fresh, target, failure);
  if (failure) return error{code::unavailable, "cannot write " + target.string() + ": " + failure.message()};
  return {};
}

result<state_lock> state_lock::take(const fs::path& folder, duration within) {
  const auto path = folder / "lock";
  const auto limit = std::chrono::steady_clock::now() + within;
  for (;;) {
    state_lock taken(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (taken.file_ < 0) {
      if (errno == ENOENT) return no_cluster(folder);
      return error{code::unavailable, "cannot open " + path.string() + ": " + std::strerror(errno)};
    }
    if (::flock(taken.file_, LOCK_EX | LOCK_NB) == 0) {
      struct stat held {};
      struct stat named {};
      // Whoever held it before may have removed the folder: then this lock is of a file that is gone.
      if (::fstat(taken.file_, &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
          held.st_ino == named.st_ino)
        return taken;
      continue;
    }
    if (std::chrono::steady_clock::now() > limit)
      return error{code::unavailable, "another command has been changing this cluster for " +
                                          format_duration(within) + " (" + path.string() + ")"};
    std::this_thread::sleep_for(lock_poll);
  }
}

state_lock::~state_lock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace troupe::local
