#include "incidents.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <local_cluster/readiness.hpp>
#include <thread>

#include <signal.h>

#include <troupe/actor/clock.hpp>

namespace troupe::demo {

namespace {

constexpr auto poll = std::chrono::milliseconds(10);
constexpr duration settle_time = std::chrono::milliseconds(800);
constexpr duration look_back = std::chrono::seconds(2);
constexpr duration slow_by = std::chrono::milliseconds(100);
constexpr duration start_within = std::chrono::seconds(20);

std::string percent(double share) { return std::to_string(std::lround(share * 100)) + "%"; }

/// One incident being watched: from `begin` to `finish`.
class watch {
 public:
  watch(stage& on, std::string name, std::string what) : on_(on) {
    found_.name = std::move(name);
    found_.what = std::move(what);
    begun_ = actor::now();
  }

  duration elapsed() const { return actor::now() - begun_; }

  /// How long from the beginning until `holds`; nothing where it does not by `limit`.
  template <class Holds>
  std::optional<duration> until(duration limit, Holds holds) const {
    while (elapsed() < limit) {
      if (holds()) return elapsed();
      std::this_thread::sleep_for(poll);
    }
    return std::nullopt;
  }

  void rest_until(duration since_begin) const {
    if (elapsed() < since_begin) std::this_thread::sleep_for(since_begin - elapsed());
  }

  incident& found() { return found_; }

  incident finish() {
    // Calls of the last moments are still under way: they count for this incident as well.
    const auto end = actor::now();
    std::this_thread::sleep_for(settle_time);
    const auto& calls = on_.queries();
    found_.before = calls.over(begun_ - look_back, begun_);
    found_.around = calls.over(begun_, begun_ + std::chrono::seconds(1));
    found_.during = calls.over(begun_, end);
    found_.added_p99 = std::max(duration{0}, found_.around.p99 - found_.before.p99);
    return std::move(found_);
  }

 private:
  stage& on_;
  incident found_;
  time_point begun_;
};

bool serves(const stage& on, const std::string& service, const std::string& node) {
  const auto view = on.seen_by_fronts(service, node);
  return view.known && !view.shunned;
}

result<incident> kill_one(stage& on, duration length) {
  watch seen(on, "kill", std::string("SIGKILL to ") + killed_node);
  if (const auto done = on.cluster().kill(killed_node, SIGKILL); !done) return done.error();
  seen.found().shunned_after =
      seen.until(length, [&] { return on.seen_by_fronts("search.Shard.0", killed_node).shunned; });
  seen.found().dead_after = seen.until(length, [&] { return on.member_state(killed_node) == "dead"; });
  seen.rest_until(length / 2);
  seen.found().remark = "its twin took over";
  return seen.finish();
}

result<incident> freeze_one(stage& on, duration length) {
  watch seen(on, "freeze", "SIGSTOP to shard1-2, SIGCONT later");
  if (const auto done = on.cluster().pause("shard1-2"); !done) return done.error();
  seen.found().shunned_after =
      seen.until(length, [&] { return on.seen_by_fronts("search.Shard.1", "shard1-2").shunned; });
  seen.rest_until(std::chrono::seconds(1));
  const auto sent_in_time = on.sent_to("shard1-2");
  seen.found().dead_after = seen.until(length, [&] { return on.member_state("shard1-2") == "dead"; });
  seen.rest_until(length * 3 / 4);
  const auto sent_in_all = on.sent_to("shard1-2");
  // The link may have been closed meanwhile, by membership's word: then nothing can have been sent either.
  seen.found().sent_late = sent_in_all > sent_in_time ? sent_in_all - sent_in_time : 0;
  const auto thawed = seen.elapsed();
  if (const auto done = on.cluster().resume("shard1-2"); !done) return done.error();
  const auto back =
      seen.until(thawed + start_within, [&] { return serves(on, "search.Shard.1", "shard1-2"); });
  if (back) seen.found().serving_after = *back - thawed;
  seen.found().remark =
      "bytes sent to it after its first frozen second: " + std::to_string(*seen.found().sent_late) +
      "; it came back by itself";
  return seen.finish();
}

result<incident> add_one(stage& on, duration length) {
  watch seen(on, "add", "one more replica of shard0");
  const auto added = on.cluster().add("shard0");
  if (!added) return added.error();
  seen.found().serving_after = seen.until(start_within, [&] { return serves(on, "search.Shard.0", *added); });
  seen.rest_until(length / 2);
  seen.found().remark = *added + " serves";
  return seen.finish();
}

result<incident> slow_one(stage& on, duration length) {
  const auto earlier = on.requests();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const auto before = on.requests();
  watch seen(on, "slow", "shard2-1 answers " + format_duration(slow_by) + " late");
  if (const auto done = on.slow("shard2-1", "search.Shard.2", slow_by); !done) return done.error();
  seen.rest_until(std::chrono::seconds(1));
  const auto middle = on.requests();
  seen.rest_until(length / 2);
  const auto after = on.requests();
  if (const auto done = on.slow("shard2-1", "search.Shard.2", duration{0}); !done) return done.error();
  const auto share = [](auto& from, auto& to) {
    const auto taken = [&](const char* node) {
      const auto a = from.find(node);
      const auto b = to.find(node);
      return a == from.end() || b == to.end() ? 0. : static_cast<double>(b->second - a->second);
    };
    const auto own = taken("shard2-1");
    const auto all = own + taken("shard2-2");
    return all > 0 ? own / all : 0;
  };
  seen.found().remark =
      "its share went from " + percent(share(earlier, before)) + " to " + percent(share(middle, after));
  return seen.finish();
}

result<incident> restart_one(stage& on, duration length) {
  watch seen(on, "restart", "SIGTERM to shard1-1, started again");
  if (const auto done = on.cluster().restart("shard1-1"); !done) return done.error();
  const auto stopped = seen.elapsed();
  if (const auto ready = local::wait_until_ready(on.cluster(), {"shard1-1"}, start_within); !ready)
    return ready.error();
  seen.found().serving_after =
      seen.until(start_within, [&] { return serves(on, "search.Shard.1", "shard1-1"); });
  seen.rest_until(length / 2);
  seen.found().remark = "it drained and was started again in " + format_duration(stopped);
  return seen.finish();
}

}  // namespace

result<std::vector<incident>> run_incidents(stage& on, duration length, const narrator& say) {
  struct act {
    const char* announcement;
    result<incident> (*run)(stage&, duration);
  };
  constexpr act acts[] = {
      {"killing a replica (SIGKILL)", kill_one},
      {"freezing a replica (SIGSTOP)", freeze_one},
      {"adding a replica", add_one},
      {"slowing a replica down", slow_one},
      {"restarting a replica", restart_one},
  };
  std::vector<incident> found;
  for (const auto& act : acts) {
    say(act.announcement);
    auto seen = act.run(on, length);
    if (!seen) return error{seen.error().code, std::string(act.announcement) + ": " + seen.error().text};
    found.push_back(std::move(*seen));
  }
  return found;
}

}  // namespace troupe::demo
