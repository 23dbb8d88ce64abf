#include "world.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "choosing_client.hpp"
#include "contenders/dynamic_score.hpp"
#include "routing_client.hpp"

namespace troupe::simulator {

namespace {

constexpr duration tick_every = 10ms;
constexpr duration keep_alive_every = 250ms;

std::uint64_t stream(std::uint64_t seed, std::uint64_t which) { return mix(seed * 0x10001 + which); }

double standard_normal(random_source& random) {
  const double radius = std::sqrt(-2 * std::log1p(-random.unit()));
  return radius * std::cos(2 * std::numbers::pi * random.unit());
}

// The mean of a normal distribution with mean 1 and this deviation, cut off at 0.
double truncated_mean(double deviation) {
  const double cut = -1 / deviation;
  const double density = std::exp(-cut * cut / 2) / std::sqrt(2 * std::numbers::pi);
  const double above = .5 * std::erfc(cut / std::numbers::sqrt2);
  return 1 + deviation * density / above;
}

}  // namespace

std::string unfit(const entrant& who, const scenario& what) {
  if (who.name == "troupe" && what.servers.group > 0) return "a call cannot be restricted to some replicas";
  if (!what.contenders.empty() &&
      std::find(what.contenders.begin(), what.contenders.end(), who.name) == what.contenders.end())
    return "not asked for";
  return {};
}

result<outcome> run(const scenario& what, const entrant& who, std::uint64_t seed) {
  world it(what, seed);
  if (const auto entered = it.enter(who); !entered) return entered.error();
  return it.run();
}

world::world(const scenario& what, std::uint64_t seed)
    : what_(what),
      seed_(seed),
      arrivals_(stream(seed, 1)),
      on_the_way_(what.servers.count),
      wakes_(what.routers, never) {
  places_.reserve(what.servers.count);
  for (server_index i = 0; i < what.servers.count; ++i) {
    places_.push_back({server(what.servers, i, what.routers, all_, next_),
                       random_source(stream(seed, 1000 + i)), what.speed.base[i % what.speed.base.size()]});
    places_[i].server.remember(what.network.report_delay);
    for (std::uint32_t k = 0; k < what.servers.group; ++k) groups_.push_back((i + k) % what.servers.count);
    if (what.servers.group > 0)
      std::sort(groups_.end() - static_cast<std::ptrdiff_t>(what.servers.group), groups_.end());
  }
  announced_.reserve(what.servers.count);
  double given = 0;
  for (std::uint32_t r = 0; r < what.routers; ++r) {
    const auto own = what.arrivals.shares;
    const double rest = 1 - std::accumulate(own.begin(), own.end(), 0.);
    given += r < own.size() ? own[r] : rest / std::max(1., static_cast<double>(what.routers - own.size()));
    shares_.push_back(given);
  }
  over_time_.servers = what.servers.count;
}

world::~world() = default;

result<void> world::enter(const entrant& who) {
  if (const auto sound = options_with(who.settings); !sound) return sound.error();
  contest of{.servers = what_.servers.count,
             .routers = what_.routers,
             .workers = what_.servers.workers,
             .deadline = what_.deadline,
             .oracle = this,
             .settings = who.settings};
  if (what_.speed.base.size() > 1)
    for (const auto& each : places_) of.static_weights.push_back(each.base);
  for (std::uint32_t r = 0; r < what_.routers; ++r) {
    of.router = r;
    of.zones.clear();
    if (what_.network.zones > 1)
      for (server_index i = 0; i < what_.servers.count; ++i)
        of.zones.push_back(zone_of(i) == zone_of(r) ? proximity::same_zone : proximity::remote);
    const auto seed = stream(seed_, 1'000'000 + r);
    if (who.name == "troupe" && !who.make) {
      clients_.push_back(std::make_unique<routing_client>(what_, of, seed, *this, start_));
      continue;
    }
    std::unique_ptr<contender> chooser;
    if (who.make) {
      chooser = who.make(of, seed);
    } else {
      auto made = make_contender(who.name, of, seed);
      if (!made) return error{made.error().code, made.error().text + ", or troupe for the whole router"};
      chooser = std::move(*made);
    }
    clients_.push_back(std::make_unique<choosing_client>(what_, std::move(chooser), *this));
  }
  return {};
}

outcome world::run() {
  plan_troubles();
  for (server_index i = 0; i < what_.servers.count; ++i) {
    draw_speed(i);
    if (places_[i].present) tell({{}, change::kind::told_appeared, i});
  }
  keeps_alive_ = clients_.front()->wants_keep_alive();
  next_.push(now_ + tick_every, {happening::kind::ticks});
  if (keeps_alive_) next_.push(now_ + keep_alive_every, {happening::kind::keep_alive});
  samples_.reserve(static_cast<std::size_t>(what_.rate_at({}) * to_seconds(what_.lasts) * 1.1));
  schedule_arrival();
  const auto end = start_ + what_.lasts;
  while (live_ > 0 || now_ < end) {
    const auto soonest = std::min(next_.next(), deadlines_.empty() ? never : deadlines_.front().at);
    if (soonest > end && live_ == 0) break;
    if (!deadlines_.empty() && deadlines_.front().at <= next_.next()) {
      expire(deadlines_.front().at);
      continue;
    }
    const auto event = next_.pop();
    now_ = event.at;
    perform(event.what);
  }
  counted_.repeats = all_.repeats();
  return conclude(what_, samples_, counted_, std::move(over_time_));
}

void world::perform(const happening& what) {
  switch (what.what) {
    case happening::kind::request_arrives:
      return request_arrives();
    case happening::kind::attempt_arrives:
      return attempt_arrives(what.subject);
    case happening::kind::attempt_done:
      return attempt_done(what.subject, what.detail);
    case happening::kind::attempt_gave_way:
      return refuse(what.subject);
    case happening::kind::sharing_due:
      return sharing_due(what.subject, what.detail);
    case happening::kind::answer_arrives:
      return answer_arrives(what.subject);
    case happening::kind::withdraw_arrives:
      return withdraw_arrives(what.subject, what.detail);
    case happening::kind::probe_arrives:
      return probe_arrives(what.subject);
    case happening::kind::probe_answered:
      return probe_answered(what.subject);
    case happening::kind::client_wakes:
      if (wakes_[what.subject] > now_) return;
      wakes_[what.subject] = never;
      return with_client(what.subject, [&](client& it) { it.wake(now_); });
    case happening::kind::speed_changes:
      return draw_speed(what.subject);
    case happening::kind::trouble_changes:
      return apply(timeline_[what.subject]);
    case happening::kind::ticks:
      return tick();
    case happening::kind::keep_alive:
      return keep_alive();
  }
}

// --- Requests --------------------------------------------------------------------------------------------

void world::schedule_arrival() {
  auto at = now_ - start_;
  for (;;) {
    const double rate = what_.rate_at(at);
    const auto next = at + from_seconds(arrivals_.exponential(1 / rate));
    // Beyond a step of the ramp the rate is another one: draw again from there (Poisson has no memory).
    const auto step =
        what_.arrivals.steps.empty() ? what_.lasts : (at / what_.arrivals.step + 1) * what_.arrivals.step;
    if (next < step || step >= what_.lasts) {
      if (next < what_.lasts) next_.push(start_ + next, {happening::kind::request_arrives});
      return;
    }
    at = step;
  }
}

double world::draw_work() {
  const auto& model = what_.work;
  const double mean = to_seconds(model.mean);
  switch (model.shape) {
    case work_shape::exponential:
      return arrivals_.exponential(mean);
    case work_shape::constant:
      return mean;
    case work_shape::uniform:
      return arrivals_.between(0, 2 * mean);
    case work_shape::truncated_normal:
      for (;;) {
        const double drawn = 1 + model.deviation * standard_normal(arrivals_);
        if (drawn > 0) return mean * drawn / truncated_mean(model.deviation);
      }
    case work_shape::lognormal: {
      const double variance = std::log1p(model.deviation * model.deviation);
      return mean * std::exp(std::sqrt(variance) * standard_normal(arrivals_) - variance / 2);
    }
  }
  return mean;
}

rpc::criticality world::draw_criticality() {
  const auto& model = what_.arrivals;
  if (model.critical + model.sheddable <= 0) return rpc::criticality::normal;
  const double drawn = arrivals_.unit();
  if (drawn < model.critical) return rpc::criticality::critical;
  return drawn < model.critical + model.sheddable ? rpc::criticality::sheddable : rpc::criticality::normal;
}

void world::request_arrives() {
  const double which = arrivals_.unit();
  const auto router = std::min(
      static_cast<std::uint32_t>(std::upper_bound(shares_.begin(), shares_.end(), which) - shares_.begin()),
      what_.routers - 1);
  const auto slot = all_.open_request();
  request& it = all_.request(slot);
  it.router = router;
  it.arrived = now_;
  it.deadline = now_ + what_.deadline;
  it.live = true;
  const auto& model = what_.arrivals;
  if (model.methods > 1) it.method = arrivals_.below(model.methods);
  const auto keys = model.keys > 0 ? model.keys : what_.servers.group > 0 ? what_.servers.count : 0;
  if (keys > 0) it.key = arrivals_.unit() < model.hot_key ? 0 : arrivals_.below(keys);
  it.work = draw_work();
  it.criticality = draw_criticality();
  ++live_;
  if (now_ >= start_ + what_.warm_up) ++counted_.requests;
  const auto ref = all_.reference(slot);
  deadlines_.push_back({it.deadline, ref});
  order placed{ref, {it.method, std::nullopt, {}}, it.deadline, it.criticality};
  if (model.keys > 0) placed.what.key = mix(it.key + 1);
  schedule_arrival();
  std::uint32_t mark = 0;
  with_client(router, [&](client& at) { mark = at.begin(placed, now_); });
  if (all_.current(ref)) all_.request(slot).mark = mark;
}

std::span<const server_index> world::candidates(request_ref what) const {
  if (what_.servers.group == 0) return announced_;
  const auto group = what_.servers.group;
  const auto key = all_.request(what.slot).key % what_.servers.count;
  return std::span(groups_).subspan(key * group, group);
}

attempt_ref world::transmit(request_ref what, server_index to, std::uint64_t tag, rpc::attempt_kind which,
                            std::uint32_t bounce_at) {
  TROUPE_INVARIANT(all_.current(what) && to < what_.servers.count);
  const auto slot = all_.open_attempt(what.slot);
  attempt& it = all_.attempt(slot);
  it.tag = tag;
  it.bounce_at = bounce_at;
  it.kind = which;
  it.sent = now_;
  it.deadline = all_.request(what.slot).deadline;
  it.server = to;
  it.router = acting_;
  ++on_the_way_[to];
  if (now_ >= start_ + what_.warm_up) ++counted_.attempts;
  ++over_time_.sent[cell_of(it)];
  next_.push(now_ + one_way(acting_, to), {happening::kind::attempt_arrives, slot});
  return {slot, it.generation};
}

/// Where the series count an attempt: when it was sent, at its server.
std::size_t world::cell_of(const attempt& what) {
  const auto row = static_cast<std::size_t>((what.sent - start_) / series::step);
  if (over_time_.sent.size() <= row * over_time_.servers) {
    over_time_.sent.resize((row + 1) * over_time_.servers);
    over_time_.refused.resize(over_time_.sent.size());
  }
  return row * over_time_.servers + what.server;
}

void world::attempt_arrives(std::uint32_t slot) {
  attempt& it = all_.attempt(slot);
  place& at = places_[it.server];
  if (at.present && at.server.frozen()) return at.server.leave_unread(slot);
  --on_the_way_[it.server];
  const auto method = all_.request_of(it).method;
  if (!at.present) return answer(slot, ending::failure);
  if (at.sinkhole || at.failing_method == method) {
    ++all_.request_of(it).executions;
    it.reports = true;
    it.report = report(it.server, it.router);
    return answer(slot, ending::failure);
  }
  switch (at.server.admit(slot, now_).what) {
    case admission::ruling::kind::admit:
      return;
    case admission::ruling::kind::bounce:
      return bounce(slot);
    case admission::ruling::kind::refuse:
      return refuse(slot);
  }
}

void world::bounce(std::uint32_t slot) {
  attempt& it = all_.attempt(slot);
  it.reports = true;
  it.report = report(it.server, it.router);
  // As if it had been a probe: it was never let in.
  if (it.sent >= start_ + what_.warm_up) ++counted_.bounced, --counted_.attempts;
  --over_time_.sent[cell_of(it)];
  answer(slot, ending::bounced);
}

void world::refuse(std::uint32_t slot) {
  attempt& it = all_.attempt(slot);
  it.reports = true;
  it.report = report(it.server, it.router, refusing::yes);
  it.advice = places_[it.server].server.retry_advice();
  if (it.sent >= start_ + what_.warm_up) ++counted_.refused;
  ++over_time_.refused[cell_of(it)];
  answer(slot, ending::refused);
}

void world::attempt_done(std::uint32_t slot, std::uint32_t generation) {
  attempt& it = all_.attempt(slot);
  if (it.generation != generation || !it.counted) return;  // lost with its server
  if (places_[it.server].server.finish(slot, now_)) answer(slot, ending::success);
}

void world::sharing_due(server_index which, std::uint32_t generation) {
  done_.clear();
  places_[which].server.collect(generation, now_, done_);
  for (const auto slot : done_) answer(slot, ending::success);
}

void world::answer(std::uint32_t slot, ending how) {
  attempt& it = all_.attempt(slot);
  it.how = how;
  if (what_.network.report_delay > duration{0} && it.reports && how == ending::success)
    it.report = report(it.server, it.router);
  next_.push(now_ + one_way(it.router, it.server), {happening::kind::answer_arrives, slot});
}

void world::answer_arrives(std::uint32_t slot) {
  const attempt it = all_.attempt(slot);
  if (it.still == attempt::wanted::yes)
    with_client(it.router, [&](client& whose) {
      whose.answered(it.tag, it.server, {it.how, it.reports ? &it.report : nullptr, it.advice}, now_);
    });
  all_.close_attempt(slot);
}

void world::withdraw(attempt_ref what) {
  if (!all_.current(what)) return;
  attempt& it = all_.attempt(what.slot);
  it.still = attempt::wanted::no;
  next_.push(now_ + one_way(it.router, it.server),
             {happening::kind::withdraw_arrives, what.slot, what.generation});
}

void world::withdraw_arrives(std::uint32_t slot, std::uint32_t generation) {
  if (!all_.current(attempt_ref{slot, generation})) return;
  places_[all_.attempt(slot).server].server.withdraw(slot, now_);
}

void world::finish(request_ref what, ending how, server_index by) {
  TROUPE_INVARIANT(all_.current(what));  // each request ends exactly once
  const request& it = all_.request(what.slot);
  const auto latency = how == ending::timed_out ? it.deadline - it.arrived : now_ - it.arrived;
  samples_.push_back({static_cast<float>(to_seconds(it.arrived - start_)),
                      static_cast<float>(to_seconds(latency)), static_cast<std::uint16_t>(by), how,
                      zone_of(it.router) == zone_of(by), it.criticality});
  --live_;
  all_.close_request(what.slot);
}

void world::expire(time_point until) {
  now_ = until;
  const auto whose = deadlines_.front().whose;
  deadlines_.pop_front();
  if (!all_.current(whose)) return;
  with_client(all_.request(whose.slot).router,
              [&](client& it) { it.expired(all_.request(whose.slot).mark, now_); });
}

// --- Probes ----------------------------------------------------------------------------------------------

void world::probe(server_index whom) {
  if (now_ >= start_ + what_.warm_up) ++counted_.probes;
  std::uint32_t slot = 0;
  if (free_probes_.empty()) {
    slot = static_cast<std::uint32_t>(probes_.size());
    probes_.emplace_back();
  } else {
    slot = free_probes_.back();
    free_probes_.pop_back();
  }
  probes_[slot] = {acting_, whom, now_, {}};
  next_.push(now_ + one_way(acting_, whom), {happening::kind::probe_arrives, slot});
}

void world::probe_arrives(std::uint32_t slot) {
  probing& it = probes_[slot];
  if (!places_[it.server].present || places_[it.server].server.frozen()) return free_probes_.push_back(slot);
  it.load = report(it.server, it.router);
  next_.push(now_ + one_way(it.router, it.server), {happening::kind::probe_answered, slot});
}

void world::probe_answered(std::uint32_t slot) {
  const probing it = probes_[slot];
  free_probes_.push_back(slot);
  with_client(it.router, [&](client& whose) { whose.probed(it.server, it.load, now_ - it.sent, now_); });
}

rpc::load_report world::report(server_index which, std::uint32_t router, refusing now_refusing) const {
  const place& at = places_[which];
  if (at.sinkhole) return {.workers = what_.servers.workers, .limit = what_.servers.in_flight_max};
  if (what_.network.report_delay == duration{0}) return at.server.report(router, now_, now_refusing);
  auto load = at.server.past_report(router, now_);
  if (now_refusing == refusing::yes) load.flags = load.flags | rpc::load_flag::overloaded;
  return load;
}

// --- Time ------------------------------------------------------------------------------------------------

void world::wake_at(time_point when) {
  if (when >= wakes_[acting_]) return;
  wakes_[acting_] = when;
  next_.push(std::max(when, now_), {happening::kind::client_wakes, acting_});
}

void world::tick() {
  next_.push(now_ + tick_every, {happening::kind::ticks});
  for (std::uint32_t r = 0; r < what_.routers; ++r) with_client(r, [&](client& it) { it.tick(now_); });
  if (what_.network.report_delay > duration{0})
    for (auto& each : places_) each.server.snapshot(now_);
  if (now_ < start_ + what_.warm_up || now_ >= start_ + what_.lasts) return;
  std::uint32_t most = 0, sum = 0, present = 0;
  for (const auto& each : places_) {
    if (!each.present) continue;
    most = std::max(most, each.server.in_flight());
    sum += each.server.in_flight();
    ++present;
  }
  counted_.most_in_flight += most;
  counted_.mean_in_flight += static_cast<double>(sum) / std::max(1u, present);
  const auto row = static_cast<std::size_t>((now_ - start_) / series::step);
  over_time_.in_flight.resize((row + 1) * over_time_.servers);
  for (server_index i = 0; i < what_.servers.count; ++i)
    over_time_.in_flight[row * over_time_.servers + i] = places_[i].server.in_flight();
}

void world::keep_alive() {
  next_.push(now_ + keep_alive_every, {happening::kind::keep_alive});
  for (std::uint32_t r = 0; r < what_.routers; ++r)
    for (server_index i = 0; i < what_.servers.count; ++i)
      if (places_[i].present)
        with_client(r, [&](client& it) { it.keep_alive(i, !places_[i].server.frozen(), now_); });
}

duration world::one_way(std::uint32_t router, server_index which) const {
  const auto across = zone_of(router) == zone_of(which) ? duration{0} : what_.network.across_zones;
  return (what_.network.round_trip + across) / 2;
}

// --- The truth -------------------------------------------------------------------------------------------

std::uint32_t world::in_flight(server_index which) const {
  return on_the_way_[which] + places_[which].server.in_flight();
}

double world::workers(server_index which) const { return places_[which].server.workers(); }

double world::speed(server_index which) const {
  const place& at = places_[which];
  return at.present && !at.sinkhole && !at.server.frozen() ? at.server.speed() : 0;
}

duration world::network(server_index which) const { return 2 * one_way(acting_, which); }

}  // namespace troupe::simulator
