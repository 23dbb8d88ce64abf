#include "scenario.hpp"

#include <local_cluster/readiness.hpp>
#include <thread>

#include <troupe/actor/clock.hpp>
#include <troupe/base/ids.hpp>

#include "choice.troupe.hpp"

namespace troupe::choice {

namespace {

constexpr auto victim = "worker-1";
constexpr auto newcomer = "newcomer-1";
constexpr double slow_factor = 20;
constexpr duration ready_within = std::chrono::seconds(20);
constexpr duration ask_within = std::chrono::seconds(2);

void rest_until(time_point when) {
  if (const auto left = when - actor::now(); left > duration::zero()) std::this_thread::sleep_for(left);
}

local::cluster_file plan(const std::filesystem::path& executions) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bench_choice_server";
  const std::vector<std::string> arguments = {"--executions", executions.string()};
  auto cold = arguments;
  cold.insert(cold.end(), {"--cold-factor", "10", "--cold-for", "3s"});
  return {"choice", {{"worker", program, replicas, arguments}, {"newcomer", program, 0, cold}}, {}};
}

}  // namespace

std::string_view to_string(scenario value) {
  switch (value) {
    case scenario::healthy:
      return "healthy";
    case scenario::slow:
      return "slow";
    case scenario::sinkhole:
      return "sinkhole";
    case scenario::frozen:
      return "frozen";
    case scenario::cold_start:
      return "cold_start";
    case scenario::rolling_restart:
      return "rolling_restart";
  }
  return "?";
}

std::string_view description_of(scenario value) {
  switch (value) {
    case scenario::healthy:
      return "nothing happens to the 5 replicas";
    case scenario::slow:
      return "one of 5 replicas takes 20 times as long";
    case scenario::sinkhole:
      return "one of 5 replicas fails at once";
    case scenario::frozen:
      return "one of 5 replicas is frozen (SIGSTOP) for the first half";
    case scenario::cold_start:
      return "a sixth replica starts, 10 times as slow in its first 3 s";
    case scenario::rolling_restart:
      return "each of the 5 replicas in turn is ended (SIGTERM) and started again";
  }
  return "?";
}

std::string_view affected_by(scenario value) {
  switch (value) {
    case scenario::slow:
    case scenario::sinkhole:
    case scenario::frozen:
      return victim;
    case scenario::cold_start:
      return newcomer;
    case scenario::healthy:
    case scenario::rolling_restart:
      return "";
  }
  return "";
}

result<stage> stage::set(const std::filesystem::path& folder) {
  const auto executions = folder / "executions";
  std::error_code failure;
  std::filesystem::create_directories(executions, failure);
  if (failure)
    return error{code::unavailable, "cannot make " + executions.string() + ": " + failure.message()};
  auto cluster = local::local_cluster::up(
      plan(executions),
      {.folder = folder / "cluster", .lifetime = local::lifetime::bound, .log_level = "error"});
  if (!cluster) return cluster.error();
  if (auto ready = local::wait_until_ready(*cluster, {}, ready_within); !ready) return ready.error();
  auto control = local::observe(*cluster);
  if (!control) return control.error();
  return stage(std::move(*cluster), std::move(*control), executions);
}

result<void> stage::behave(double slowness, bool failing) {
  const auto who = node_id_of(cluster_.name(), victim);
  const auto done =
      control_.client<bench::Work>().behave(slowness, failing).on(who).within(ask_within).wait();
  if (!done) return error{done.error().code, done.error().explain()};
  return {};
}

result<void> stage::restart_each() {
  for (unsigned number = 1; number <= replicas; ++number) {
    const auto name = "worker-" + std::to_string(number);
    if (const auto done = cluster_.restart(name); !done) return done.error();
    if (auto ready = local::wait_until_ready(cluster_, {name}, ready_within); !ready) return ready;
  }
  return {};
}

result<void> stage::play(scenario what, duration length) {
  const auto end = actor::now() + length;
  result<void> done;
  switch (what) {
    case scenario::healthy:
      break;
    case scenario::slow:
      done = behave(slow_factor, false);
      break;
    case scenario::sinkhole:
      done = behave(1, true);
      break;
    case scenario::frozen:
      done = cluster_.pause(victim);
      rest_until(end - length / 2);
      if (done) done = cluster_.resume(victim);
      break;
    case scenario::cold_start:
      if (const auto added = cluster_.add("newcomer"); !added) done = added.error();
      break;
    case scenario::rolling_restart:
      done = restart_each();
      break;
  }
  rest_until(end);
  return done;
}

result<void> stage::restore() {
  if (cluster_.find(newcomer))
    if (const auto removed = cluster_.remove(newcomer); !removed) return removed.error();
  if (auto ready = local::wait_until_ready(cluster_, {}, ready_within); !ready) return ready;
  return behave(1, false);
}

result<void> stage::end() {
  (void)control_.stop();
  const auto forced = cluster_.down();
  if (!forced) return forced.error();
  return {};
}

}  // namespace troupe::choice
