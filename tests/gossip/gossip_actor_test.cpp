// The gossip actor alone: where it looks for its seeds, and what becomes of it while it looks.
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <spdlog/logger.h>

#include <troupe/actor/clock.hpp>
#include <troupe/gossip/gossip_actor.hpp>
#include <troupe/transport/socket.hpp>

#include "actor/eventually.hpp"

namespace {

using namespace std::chrono_literals;
using namespace troupe;
using namespace troupe::actor;
using namespace troupe::gossip;
using test::eventually;

/// What a name stands for, and how often it was looked up.
struct directory {
  std::mutex mutex;
  std::vector<endpoint> addresses;
  std::atomic<int> lookups{0};
  std::atomic<bool> hangs{false};

  void set(std::vector<endpoint> to) {
    const std::lock_guard lock(mutex);
    addresses = std::move(to);
  }
  result<std::vector<endpoint>> operator()(const std::string& name) {
    ++lookups;
    while (hangs) std::this_thread::sleep_for(1ms);
    const std::lock_guard lock(mutex);
    if (addresses.empty()) return error{code::not_found, "there is no host of the name " + name};
    return addresses;
  }
};

/// A gossip actor whose names are looked up in `names`, on an engine of its own. No streams are served, so
/// nobody ever joins.
class seeker {
 public:
  explicit seeker(const std::shared_ptr<directory>& names) : engine_(1), shared_(environment_of(engine_)) {
    gossip_options options;
    options.core = membership::options::local();
    options.core.join_retry = 20ms;
    options.periods.resolve_period = 20ms;
    options.seeds = {"seeds.example:7000"};
    options.resolve = [names](const std::string& name) { return (*names)(name); };
    auto sockets = transport::listen_on(*parse_endpoint("127.0.0.1:0"));
    shared_.address = sockets->bound;
    actor_ = spawn_bound<gossip_actor>(
        engine_.system(), engine_.loop_unit(), shared_, options, std::move(sockets->udp),
        gossip_actor::collaborators{.members_changed = [](auto) {}, .happened = [](const auto&) {}});
  }
  ~seeker() { stop(); }

  bool joined() {
    std::promise<bool> told;
    object_of<gossip_actor>(actor_).inspect(
        [&](const gossip_actor::report& now) { told.set_value(now.joined); });
    return told.get_future().get();
  }
  void stop() {
    if (!actor_) return;
    std::promise<void> ended;
    object_of<gossip_actor>(actor_).stop([&] { ended.set_value(); });
    ended.get_future().get();
    engine_.wait_for_end({actor_});
    actor_ = nullptr;
  }

 private:
  static environment environment_of(engine& on) {
    return {.engine = on,
            .log = std::make_shared<spdlog::logger>("seeker"),
            .cluster = "lab",
            .name = "seeker",
            .zone = "",
            .self = {node_id_of("lab", "seeker"), epoch{1}},
            .address = {},
            .links = {},
            .connector = transport::connector(on.loop(), {}),
            .keep_alive = {}};
  }

  engine engine_;
  environment shared_;
  caf::actor actor_;
};

}  // namespace

TEST_CASE("a seed's name is looked up until somebody is there, and again afterwards") {
  auto names = std::make_shared<directory>();
  seeker alone(names);
  REQUIRE(eventually([&] { return names->lookups >= 3; }));
  CHECK_FALSE(alone.joined());  // although it has asked nobody yet

  auto at = transport::listen_on(*parse_endpoint("127.0.0.1:0"));
  names->set({at->bound});
  const auto before = names->lookups.load();
  REQUIRE(eventually([&] { return names->lookups >= before + 3; }));
  CHECK_FALSE(alone.joined());  // somebody is there, who does not answer
}

TEST_CASE("a lookup that hangs holds up neither its actor nor the end, and is the only one") {
  auto names = std::make_shared<directory>();
  names->hangs = true;
  auto alone = std::make_unique<seeker>(names);
  REQUIRE(eventually([&] { return names->lookups == 1; }));
  for (int i = 0; i < 10; ++i) CHECK_FALSE(alone->joined());
  CHECK(names->lookups == 1);
  alone.reset();
  names->hangs = false;  // its answer is nobody's now
}
