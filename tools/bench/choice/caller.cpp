#include "caller.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/admin.troupe.hpp>

namespace troupe::choice {

namespace {

constexpr duration patience = std::chrono::seconds(3);  // three times the timeout of a call
constexpr duration longest_work = std::chrono::seconds(1);

}  // namespace

std::string_view to_string(kind value) { return value == kind::idempotent ? "idempotent" : "unsafe"; }

result<std::unique_ptr<caller>> caller::begin(const local::local_cluster& cluster,
                                              balance::policy_kind policy, kind what, const load_plan& how,
                                              slices numbers) {
  const auto addresses = cluster.addresses();
  if (addresses.empty()) return error{code::unavailable, "no replica runs"};
  try {
    // A member, not an observer: only members host the admin service, which tells the router's counters.
    auto made =
        node::join(addresses.front(), {.cluster = cluster.name(), .pool_threads = 1, .log_level = "off"});
    if (const auto taken = made.set_policy(client<bench::Work>::descriptor().service, policy); !taken)
      return taken.error();
    return std::unique_ptr<caller>(new caller(std::move(made), what, how, numbers));
  } catch (const start_error& problem) {
    return error{problem.code(), problem.what()};
  }
}

caller::caller(node made, kind what, const load_plan& how, slices numbers)
    : node_(std::move(made)),
      work_(node_.client<bench::Work>()),
      kind_(what),
      slices_(numbers),
      random_(how.seed),
      seconds_(1 / to_seconds(how.work)),
      load_(std::make_unique<load::steady_load>(
          how.per_second,
          [this](std::uint64_t nth, load::steady_load::done done) { call(nth, std::move(done)); })) {}

caller::~caller() {
  load_.reset();
  (void)node_.stop();
}

void caller::call(std::uint64_t nth, load::steady_load::done done) {
  const auto number =
      call_number(measuring_ ? slices_.measured : slices_.settling, static_cast<std::uint32_t>(nth));
  const auto micros =
      static_cast<std::uint32_t>(to_micros(std::min(from_seconds(seconds_(random_)), longest_work)));
  const auto tell = [done = std::move(done)](const auto& reply) {
    if (reply) return done(code::ok, "");
    done(reply.error().code, reply.error().explain());
  };
  if (kind_ == kind::idempotent)
    work_.repeatable(number, micros).then(tell);
  else
    work_.once(number, micros).then(tell);
}

result<caller::routed> caller::router_counters() const {
  const auto told = node_.client<admin::Admin>().links().on(node_.self().node).wait();
  if (!told) return error{told.error().code, told.error().explain()};
  routed found;
  for (const auto counter : told->getCounters()) {
    if (counter.getName() == "calls") found.calls = counter.getValue();
    if (counter.getName() == "attempts") found.attempts = counter.getValue();
  }
  return found;
}

result<void> caller::start_measuring() {
  const auto counted = router_counters();
  if (!counted) return counted.error();
  before_ = *counted;
  from_ = actor::now();
  measuring_ = true;
  return {};
}

void caller::stop_calling() {
  to_ = actor::now();
  load_->stop_sending();
}

result<caller::measurement> caller::finish() {
  (void)load_->drained(patience);
  const auto counted = router_counters();
  if (!counted) return counted.error();
  const auto& records = load_->records();
  measurement found{records.over(from_, to_), 0, {}};
  // What never came back has failed as well.
  const auto lost = load_->sent() - records.ended();
  found.calls.calls += lost;
  found.calls.failed += lost;
  if (const auto calls = counted->calls - before_.calls; calls > 0)
    found.attempts_per_call =
        static_cast<double>(counted->attempts - before_.attempts) / static_cast<double>(calls);
  if (auto failures = records.failures(); !failures.empty())
    found.first_failure = std::move(failures.front());
  return found;
}

}  // namespace troupe::choice
