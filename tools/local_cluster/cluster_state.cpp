#include "cluster_state.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.hpp"

namespace troupe::local {

namespace {

namespace fs = std::filesystem;

constexpr auto lock_poll = std::chrono::milliseconds(20);

json to_json(const cluster_state& state) {
  json::array groups;
  for (const auto& group : state.groups)
    groups.push_back(json::object{{"name", group.name},
                                  {"program", group.program.string()},
                                  {"replicas", group.replicas},
                                  {"arguments", json(group.arguments)}});
  json::array nodes;
  for (const auto& node : state.nodes)
    nodes.push_back(json::object{{"name", node.name},
                                 {"group", node.group},
                                 {"number", node.number},
                                 {"port", node.port},
                                 {"pid", node.process.pid},
                                 {"startTicks", node.process.started},
                                 {"startedMicros", node.started_micros},
                                 {"ending", node.ending}});
  return json::object{{"cluster", state.cluster},
                      {"logLevel", state.log_level},
                      {"bound", state.lifetime == lifetime::bound},
                      {"groups", std::move(groups)},
                      {"nodes", std::move(nodes)}};
}

cluster_state from_json(const json& read) {
  cluster_state state;
  state.cluster = read["cluster"].text();
  state.log_level = read["logLevel"].text();
  state.lifetime = read["bound"].flag() ? lifetime::bound : lifetime::independent;
  for (const auto& one : read["groups"].list())
    state.groups.push_back({one["name"].text(), one["program"].text(),
                            static_cast<unsigned>(one["replicas"].whole()), one["arguments"].texts()});
  for (const auto& one : read["nodes"].list()) {
    node_record node;
    node.name = one["name"].text();
    node.group = one["group"].text();
    node.number = static_cast<unsigned>(one["number"].whole());
    node.port = static_cast<std::uint16_t>(one["port"].whole());
    node.process = {static_cast<pid_t>(one["pid"].whole()),
                    static_cast<std::uint64_t>(one["startTicks"].whole())};
    node.started_micros = one["startedMicros"].whole();
    node.ending = one["ending"].text();
    state.nodes.push_back(std::move(node));
  }
  return state;
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
  const auto read = parse_json(text.str());
  if (!read)
    return error{code::data_loss, (folder / "state.json").string() + " cannot be read (" + read.error().text +
                                      "): end the processes by hand, and remove the folder"};
  return from_json(*read);
}

result<void> save_state(const fs::path& folder, const cluster_state& state) {
  const auto target = folder / "state.json";
  const auto fresh = folder / "state.json.new";
  {
    std::ofstream file(fresh, std::ios::trunc);
    file << to_json(state).pretty() << "\n";
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
