#include "local_cluster.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include <troupe/crypto/ring_file.hpp>

#include "free_ports.hpp"

namespace troupe::local {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t seeds_max = 3;
constexpr duration kill_limit = std::chrono::seconds(5);  // the kernel needs microseconds, and no promise
constexpr auto poll = std::chrono::milliseconds(5);

std::string address_of(const node_record& node) { return "127.0.0.1:" + std::to_string(node.port); }

fs::path keys_folder(const fs::path& state) { return state / "keys"; }
fs::path keyring_of(const fs::path& state, const std::string& node) { return keys_folder(state) / node; }

/// A key for the first node. The others copy it.
result<void> make_keys(const fs::path& state, const std::string& node) {
  std::error_code failure;
  fs::create_directory(keys_folder(state), failure);
  fs::permissions(keys_folder(state), fs::perms::owner_all, failure);
  if (failure) return error{code::unavailable, "cannot make " + keys_folder(state).string()};
  crypto::ring keys;
  if (const auto made = keys.install(crypto::key::generate()); !made) return made.error();
  return crypto::write_ring_file(keyring_of(state, node).string(), keys);
}

std::int64_t wall_micros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string replaced(std::string text, std::string_view what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

bool is_gone(const node_record& node) { return look_at(node.process).state == process_state::exited; }

/// Looks at the process, and remembers how it ended: a reaped process tells only once.
process_view note(node_record& node) {
  auto seen = look_at(node.process);
  if (seen.state != process_state::exited) return seen;
  if (node.ending.empty()) node.ending = seen.ending;
  seen.ending = node.ending;
  return seen;
}

void wait_until_gone(std::vector<node_record*> those, duration limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    std::erase_if(those, [](auto* node) { return note(*node).state == process_state::exited; });
    if (those.empty() || std::chrono::steady_clock::now() >= end) return;
    std::this_thread::sleep_for(poll);
  }
}

/// SIGTERM to all, SIGKILL to those that are there after the limit: these are returned.
std::vector<node_record*> end_all(const std::vector<node_record*>& those, duration limit) {
  // A stopped process would not notice that it should end.
  for (const auto* node : those) (void)send_signal(node->process, SIGTERM);
  for (const auto* node : those) (void)send_signal(node->process, SIGCONT);
  wait_until_gone(those, limit);
  std::vector<node_record*> forced;
  for (auto* node : those)
    if (send_signal(node->process, SIGKILL)) forced.push_back(node);
  wait_until_gone(forced, kill_limit);
  return forced;
}

local_cluster::ending end_one(node_record& node, duration limit) {
  if (is_gone(node)) return local_cluster::ending::was_gone;
  return end_all({&node}, limit).empty() ? local_cluster::ending::clean : local_cluster::ending::forced;
}

result<node_record*> find_record(cluster_state& state, std::string_view name) {
  std::string names;
  for (auto& node : state.nodes) {
    if (node.name == name) return &node;
    names += (names.empty() ? "" : ", ") + node.name;
  }
  return error{code::not_found,
               "cluster " + state.cluster + " has no node '" + std::string(name) + "'; there are " + names};
}

node_group* find_group(cluster_state& state, std::string_view name) {
  const auto found = std::find_if(state.groups.begin(), state.groups.end(),
                                  [&](const auto& group) { return group.name == name; });
  return found == state.groups.end() ? nullptr : &*found;
}

error no_group(const cluster_state& state, std::string_view name) {
  std::string names;
  for (const auto& group : state.groups) names += (names.empty() ? "" : ", ") + group.name;
  return {code::not_found,
          "cluster " + state.cluster + " has no group '" + std::string(name) + "'; there are " + names};
}

/// What `down` leaves is nothing: not the folder of all clusters either, when this was the last.
void remove_folder(const fs::path& folder) {
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  const auto parent = folder.parent_path();
  if (parent.filename() == ".troupe") fs::remove(parent, ignored);
}

}  // namespace

fs::path default_folder(std::string_view cluster) { return fs::current_path() / ".troupe" / cluster; }

// --- Life ----------------------------------------------------------------------------------------------

local_cluster::local_cluster(local_cluster&& other) noexcept
    : name_(std::move(other.name_)),
      folder_(std::move(other.folder_)),
      owns_(std::exchange(other.owns_, false)) {}

local_cluster::~local_cluster() {
  if (owns_) (void)down();
}

result<local_cluster> local_cluster::up(const cluster_file& what, const home& where) {
  std::error_code failure;
  const auto folder = fs::absolute(where.folder, failure).lexically_normal();
  fs::create_directories(folder / "logs", failure);
  if (failure) return error{code::unavailable, "cannot make " + folder.string() + ": " + failure.message()};
  const auto lock = state_lock::take(folder);
  if (!lock) return lock.error();
  if (const auto old = load_state(folder); old && !std::all_of(old->nodes.begin(), old->nodes.end(), is_gone))
    return error{code::already_exists, "cluster " + old->cluster + " is up already, in " + folder.string() +
                                           ": end it with troupe down, or add to it with troupe scale"};
  fs::remove_all(folder / "logs", failure);
  fs::remove_all(keys_folder(folder), failure);
  fs::create_directories(folder / "logs", failure);
  local_cluster made(what.name, folder);
  if (const auto started = made.start_all(what, where); !started) {
    remove_folder(folder);
    return started.error();
  }
  made.owns_ = where.lifetime == lifetime::bound;
  return made;
}

result<void> local_cluster::start_all(const cluster_file& what, const home& where) {
  cluster_state state{what.name, where.log_level, where.lifetime, what.groups, what.services, {}};
  for (const auto& group : what.groups)
    for (unsigned number = 1; number <= group.replicas; ++number)
      state.nodes.push_back({group.name + "-" + std::to_string(number), group.name, number, 0, {}, 0, {}});
  std::set<std::string> names;
  for (const auto& node : state.nodes)
    if (!names.insert(node.name).second)
      return error{code::invalid_argument,
                   "two nodes would be called " + node.name + ": rename one of the groups"};
  if (what.sealed)
    if (const auto made = make_keys(folder_, state.nodes.front().name); !made) return made.error();
  const auto ports = find_free_ports(state.nodes.size());
  if (!ports) return ports.error();
  for (std::size_t i = 0; i < ports->size(); ++i) state.nodes[i].port = (*ports)[i];

  const auto give_up = [&](const error& why) {
    std::vector<node_record*> started;
    for (auto& node : state.nodes)
      if (node.process.pid != 0) started.push_back(&node);
    (void)end_all(started, std::chrono::seconds(1));
    return why;
  };
  for (auto& node : state.nodes) {
    if (const auto started = start(state, node); !started) return give_up(started.error());
    // After each one, so that a command that is interrupted leaves nothing that down would not find.
    if (const auto saved = save_state(folder_, state); !saved) return give_up(saved.error());
  }
  return {};
}

result<local_cluster> local_cluster::open(fs::path folder) {
  std::error_code ignored;
  folder = fs::absolute(folder, ignored).lexically_normal();
  const auto state = load_state(folder);
  if (!state) return state.error();
  return local_cluster(state->cluster, folder);
}

result<std::vector<std::string>> local_cluster::down(duration limit) {
  owns_ = false;
  const auto lock = state_lock::take(folder_);
  if (!lock) return lock.error();
  auto state = load_state(folder_);
  if (!state) return state.error();
  std::vector<node_record*> all;
  for (auto& node : state->nodes) all.push_back(&node);
  std::vector<std::string> forced;
  for (const auto* node : end_all(all, limit)) forced.push_back(node->name);
  remove_folder(folder_);
  return forced;
}

// --- Looking -------------------------------------------------------------------------------------------

std::vector<node_status> local_cluster::nodes() const {
  std::vector<node_status> all;
  auto state = load_state(folder_);
  if (!state) return all;
  bool learned = false;
  for (auto& node : state->nodes) {
    const bool knew = !node.ending.empty();
    const auto seen = note(node);
    learned |= !knew && !node.ending.empty();
    all.push_back({node.name, node.group, node.number, address_of(node), node.process, seen.state,
                   seen.ending, node.started_micros, log_of(node)});
  }
  if (learned) remember_endings(all);
  return all;
}

void local_cluster::remember_endings(const std::vector<node_status>& seen) const {
  // Reaping told what cannot be asked twice. But looking must not wait for a command that changes something.
  const auto lock = state_lock::take(folder_, duration::zero());
  if (!lock) return;
  auto state = load_state(folder_);
  if (!state) return;
  for (auto& node : state->nodes)
    for (const auto& one : seen)
      if (node.process == one.process && node.ending.empty()) node.ending = one.ending;
  (void)save_state(folder_, *state);
}

std::vector<node_group> local_cluster::groups() const {
  const auto state = load_state(folder_);
  return state ? state->groups : std::vector<node_group>{};
}

result<node_status> local_cluster::find(std::string_view node) const {
  std::string names;
  for (auto& one : nodes()) {
    if (one.name == node) return one;
    names += (names.empty() ? "" : ", ") + one.name;
  }
  return error{code::not_found,
               "cluster " + name_ + " has no node '" + std::string(node) + "'; there are " + names};
}

std::vector<std::string> local_cluster::addresses() const {
  std::vector<std::string> found;
  const auto all = nodes();
  for (const auto wanted : {process_state::running, process_state::paused})
    for (const auto& node : all)
      if (node.state == wanted) found.push_back(node.address);
  return found;
}

std::string local_cluster::keyring() const {
  const auto all = nodes();
  std::error_code ignored;
  for (const auto running : {true, false})
    for (const auto& node : all)
      if ((node.state == process_state::running) == running &&
          fs::exists(keyring_of(folder_, node.name), ignored))
        return keyring_of(folder_, node.name).string();
  return {};
}

/// A node that never ran gets a copy of another one's, which keeps its own from then on.
result<std::string> local_cluster::keyring_for(const cluster_state& all, const node_record& node) const {
  std::error_code ignored;
  const auto own = keyring_of(folder_, node.name);
  if (!fs::exists(keys_folder(folder_), ignored)) return std::string();
  for (const auto& other : all.nodes) {
    if (fs::exists(own, ignored)) break;
    if (const auto keys = crypto::read_ring_file(keyring_of(folder_, other.name).string()))
      if (const auto copied = crypto::write_ring_file(own.string(), *keys); !copied) return copied.error();
  }
  return own.string();
}

fs::path local_cluster::log_of(const node_record& node) const {
  return folder_ / "logs" / (node.name + ".log");
}

// --- Changing ------------------------------------------------------------------------------------------

result<void> local_cluster::change(const std::function<result<void>(cluster_state&)>& how) const {
  const auto lock = state_lock::take(folder_);
  if (!lock) return lock.error();
  auto state = load_state(folder_);
  if (!state) return state.error();
  auto changed = how(*state);
  // Saved also after a failure: what was started or ended until then is so.
  if (auto saved = save_state(folder_, *state); changed && !saved) return saved;
  return changed;
}

std::vector<std::string> local_cluster::seeds_for(const cluster_state& all, const node_record& node) const {
  // Not its own address: a node that counts itself as found would not ask the others again.
  std::vector<std::string> seeds;
  for (const auto& other : all.nodes)
    if (other.name != node.name && seeds.size() < seeds_max &&
        (other.process.pid == 0 || look_at(other.process).state == process_state::running))
      seeds.push_back(address_of(other));
  return seeds;
}

result<void> local_cluster::start(const cluster_state& all, node_record& node) const {
  const auto group = std::find_if(all.groups.begin(), all.groups.end(),
                                  [&](const auto& one) { return one.name == node.group; });
  TROUPE_INVARIANT(group != all.groups.end());
  process_order order{group->program,
                      {"--name", node.name, "--cluster", all.cluster, "--listen", address_of(node)},
                      log_of(node),
                      all.lifetime};
  for (const auto& seed : seeds_for(all, node)) {
    order.arguments.emplace_back("--join");
    order.arguments.push_back(seed);
  }
  const auto keyring = keyring_for(all, node);
  if (!keyring) return keyring.error();
  if (!keyring->empty())
    for (const auto& text : {std::string("--keyring"), *keyring}) order.arguments.push_back(text);
  for (const auto* one : {"--log-level", all.log_level.c_str(), "--allow-faults", "true"})
    order.arguments.emplace_back(one);
  for (const auto& one : all.services)
    for (const auto& text : {std::string("--service"), one}) order.arguments.push_back(text);
  for (const auto& one : group->arguments)
    order.arguments.push_back(replaced(replaced(one, "{n}", std::to_string(node.number)), "{replicas}",
                                       std::to_string(group->replicas)));
  node.started_micros = wall_micros();
  node.ending.clear();
  const auto started = start_process(order);
  if (!started) return started.error();
  node.process = *started;
  return {};
}

result<void> local_cluster::kill(std::string_view node, int signal) {
  return change([&](cluster_state& state) -> result<void> {
    const auto found = find_record(state, node);
    if (!found) return found.error();
    if (!send_signal((*found)->process, signal)) {
      const auto seen = note(**found);
      return error{code::failed_precondition, std::string(node) + " does not run" +
                                                  (seen.ending.empty() ? "" : " (" + seen.ending + ")") +
                                                  ": start it with troupe restart " + std::string(node)};
    }
    if (signal != SIGKILL) return {};
    wait_until_gone({*found}, kill_limit);
    if ((*found)->ending.empty()) (*found)->ending = "killed by SIGKILL";
    return {};
  });
}

result<void> local_cluster::pause(std::string_view node) { return kill(node, SIGSTOP); }

result<void> local_cluster::resume(std::string_view node) { return kill(node, SIGCONT); }

result<local_cluster::ending> local_cluster::restart(std::string_view node, duration limit) {
  auto how = ending::was_gone;
  const auto done = change([&](cluster_state& state) -> result<void> {
    const auto found = find_record(state, node);
    if (!found) return found.error();
    how = end_one(**found, limit);
    return start(state, **found);
  });
  if (!done) return done.error();
  return how;
}

result<std::string> local_cluster::add(std::string_view group, unsigned replicas) {
  std::string name;
  const auto done = change([&](cluster_state& state) -> result<void> {
    auto* const of = find_group(state, group);
    if (of == nullptr) return no_group(state, group);
    unsigned highest = 0;
    unsigned count = 0;
    auto after = state.nodes.end();
    for (auto node = state.nodes.begin(); node != state.nodes.end(); ++node) {
      if (node->group != group) continue;
      highest = std::max(highest, node->number);
      ++count;
      after = node + 1;
    }
    of->replicas = replicas != 0 ? replicas : count + 1;
    name = std::string(group) + "-" + std::to_string(highest + 1);
    const auto port = find_free_ports(1);
    if (!port) return port.error();
    node_record fresh{name, of->name, highest + 1, port->front(), {}, 0, {}};
    if (auto started = start(state, fresh); !started) return started;
    state.nodes.insert(after, std::move(fresh));
    return {};
  });
  if (!done) return done.error();
  return name;
}

result<local_cluster::ending> local_cluster::remove(std::string_view node, duration limit) {
  auto how = ending::was_gone;
  const auto done = change([&](cluster_state& state) -> result<void> {
    const auto found = find_record(state, node);
    if (!found) return found.error();
    how = end_one(**found, limit);
    if (auto* const group = find_group(state, (*found)->group); group != nullptr)
      group->replicas = std::max(1u, group->replicas - 1);
    state.nodes.erase(state.nodes.begin() + (*found - state.nodes.data()));
    return {};
  });
  if (!done) return done.error();
  return how;
}

}  // namespace troupe::local
