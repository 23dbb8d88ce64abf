#include "stage.hpp"

#include <array>
#include <cstdlib>
#include <local_cluster/cluster_file.hpp>
#include <local_cluster/readiness.hpp>
#include <utility>

#include <troupe/admin.troupe.hpp>

#include "search.troupe.hpp"

namespace troupe::demo {

namespace {

// What people look for in licenses and manuals: common words, rare ones, and combinations.
constexpr std::array<const char*, 16> questions = {
    "warranty liability",    "copyright notice",      "free software foundation",
    "patent license grant",  "source code",           "modified version",
    "public domain",         "permission granted",    "trademark",
    "derivative work",       "network protocol",      "memory allocation",
    "terms and conditions",  "contributor agreement", "without restriction",
    "security vulnerability"};

constexpr std::array<const char*, 4> clicked = {
    "/usr/share/common-licenses/GPL-3", "/usr/share/common-licenses/BSD",
    "/usr/share/common-licenses/Apache-2.0", "/usr/share/common-licenses/LGPL-2.1"};

constexpr duration ready_within = std::chrono::seconds(60);
constexpr duration ask_within = std::chrono::milliseconds(200);

std::filesystem::path temporary_folder() {
  auto pattern = (std::filesystem::temp_directory_path() / "troupe-demo-XXXXXX").string();
  return ::mkdtemp(pattern.data()) == nullptr ? std::filesystem::path{} : std::filesystem::path(pattern);
}

}  // namespace

result<std::unique_ptr<stage>> stage::set(const settings& how) {
  auto file = local::read_cluster_file(how.cluster_file);
  if (!file) return file.error();
  const auto folder = temporary_folder();
  if (folder.empty()) return error{code::internal, "no temporary folder can be made: is /tmp writable?"};
  // So that clicks which a killed replica executed are counted as well.
  for (auto& group : file->groups)
    if (group.name.starts_with("shard"))
      group.arguments.insert(group.arguments.end(), {"--journal", folder.string()});
  auto cluster =
      local::local_cluster::up(*file, {.folder = folder / "cluster", .lifetime = local::lifetime::bound});
  if (!cluster) return cluster.error();
  if (const auto ready = local::wait_until_ready(*cluster, {}, ready_within); !ready) return ready.error();
  auto observer = local::observe(*cluster);
  if (!observer) return observer.error();
  std::unique_ptr<stage> made(new stage(std::move(*cluster), std::move(*observer), folder));
  made->begin(how);
  return made;
}

stage::stage(local::local_cluster cluster, node observer, std::filesystem::path folder)
    : folder_(std::move(folder)), observer_(std::move(observer)) {
  cluster_.emplace(std::move(cluster));
}

stage::~stage() {
  queries_.reset();
  clicks_.reset();
  (void)observer_.stop();
  (void)cluster_->down();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void stage::begin(const settings& how) {
  const auto front = observer_.client<search::Front>();
  queries_ = std::make_unique<load::steady_load>(
      how.queries_per_second, [front](std::uint64_t number, load::steady_load::done done) {
        front
            .query([&](search::Front::QueryParams::Builder to) {
              to.setText(questions[number % questions.size()]);
            })
            .then([done = std::move(done)](auto reply) {
              if (!reply) return done(reply.error().code, reply.error().explain());
              // A shard that found no replica of its own: that is a failed call, one level down.
              if (reply->getPartial())
                return done(code::unavailable, "a shard did not answer: the hits are partial");
              done(code::ok, "");
            });
      });
  clicks_ = std::make_unique<load::steady_load>(
      how.clicks_per_second, [front](std::uint64_t number, load::steady_load::done done) {
        front.recordClick(clicked[number % clicked.size()]).then([done = std::move(done)](auto reply) {
          if (!reply) return done(reply.error().code, reply.error().explain());
          done(code::ok, "");
        });
      });
}

std::optional<node_id> stage::id_of(const std::string& node) const {
  for (const auto& member : observer_.members())
    if (member.name == node) return member.self.node;
  return std::nullopt;
}

std::vector<node_id> stage::fronts() const {
  std::vector<node_id> found;
  for (const auto& member : observer_.members())
    if (member.name.starts_with("front-")) found.push_back(member.self.node);
  return found;
}

std::vector<std::string> stage::members() const {
  std::vector<std::string> names;
  for (const auto& member : observer_.members())
    if (member.state == membership::state::alive) names.push_back(member.name);
  return names;
}

std::string stage::member_state(const std::string& node) const {
  const auto told = observer_.client<admin::Admin>().members().on(fronts().front()).within(ask_within).wait();
  if (!told) return "unknown";
  for (const auto member : told->getMembers())
    if (node == member.getName().cStr()) return member.getState().cStr();
  return "unknown";
}

replica_view stage::seen_by_fronts(const std::string& service, const std::string& node) const {
  replica_view view;
  for (const auto front : fronts()) {
    const auto told = observer_.client<admin::Admin>()
                          .explain(service, admin::ANY_METHOD)
                          .on(front)
                          .within(ask_within)
                          .wait();
    if (!told) continue;
    for (const auto candidate : told->getExplanation().getCandidates()) {
      if (node != candidate.getNode().cStr()) continue;
      view.known = true;
      view.state = candidate.getState().cStr();
      view.shunned = view.shunned && view.state != "healthy";
    }
  }
  return view;
}

std::uint64_t stage::sent_to(const std::string& node) const {
  std::uint64_t sum = 0;
  for (const auto front : fronts()) {
    const auto told = observer_.client<admin::Admin>().links().on(front).within(ask_within).wait();
    if (!told) continue;
    for (const auto link : told->getLinks())
      if (node == link.getNode().cStr() && std::string_view("out") == link.getDirection().cStr())
        sum += link.getSentBytes();
  }
  return sum;
}

std::map<std::string, std::uint64_t> stage::requests() const {
  std::map<std::string, std::uint64_t> taken;
  std::vector<std::pair<std::string, node_id>> shards;
  for (const auto& member : observer_.members())
    if (member.name.starts_with("shard") && member.state == membership::state::alive)
      shards.emplace_back(member.name, member.self.node);
  for (const auto& [name, id] : shards) {
    const auto told = observer_.client<admin::Admin>().services().on(id).within(ask_within).wait();
    if (!told) continue;
    for (const auto service : told->getServices())
      if (std::string_view(service.getName().cStr()).starts_with("search."))
        taken[name] = service.getRequests();
  }
  return taken;
}

result<void> stage::slow(const std::string& node, const std::string& service, duration delay) const {
  const auto id = id_of(node);
  if (!id) return error{code::not_found, node + " is no member"};
  const auto micros =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(delay).count());
  const auto done = observer_.client<admin::Admin>().fault(service, micros, 0).on(*id).wait();
  if (!done) return error{done.error().code, done.error().text};
  return {};
}

result<std::uint64_t> stage::executed_twice() {
  queries_->stop_sending();
  clicks_->stop_sending();
  (void)queries_->drained(std::chrono::seconds(5));
  (void)clicks_->drained(std::chrono::seconds(5));
  const auto told = observer_.client<search::Front>().clickReport().wait();
  if (!told) return error{told.error().code, told.error().explain()};
  return told->getExecutedTwice();
}

}  // namespace troupe::demo
