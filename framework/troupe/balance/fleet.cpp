#include <algorithm>
#include <cmath>

#include <troupe/balance/fleet.hpp>
#include <troupe/balance/policy.hpp>
#include <troupe/balance/score.hpp>
#include <troupe/base/hash.hpp>

namespace troupe::balance {

namespace {

constexpr double refresh_every = .01;      // s; medians of the fleet are this old at most
constexpr double report_median_spans = 8;  // others' load is half forgotten after about so many latencies
constexpr double report_fading_min = .001, report_fading_max = 10;  // s, bounds of that time constant
constexpr double scale_fading = 2;                                  // s
constexpr double noise = .3;         // a difference in speed this small is as likely to be none
constexpr double path_fading = .5;   // s
constexpr double share_fading = 10;  // s
constexpr double shed_fading = 1;    // s
constexpr double shed_max = .95;
constexpr double rise = .75;  // of the way to a stall, at once; the way down takes seconds
constexpr double slowness_min = .05, slowness_max = 100;
constexpr double success_min = .02;    // bounds what a failure can cost: 50 tries
constexpr double base_unknown = 1e-3;  // s, until the first answer of a method
constexpr double cold_share = .25;

/// A relative difference, with what may well be noise taken out: equal replicas are to share equally, and a
/// few percent of speed are the queue's business, not ours.
constexpr double significant(double difference) {
  const double squared = difference * difference;
  return difference * squared / (squared + noise * noise);
}

}  // namespace

fleet::fleet(const options& settings, std::uint64_t salt, time_point now)
    : settings_(&settings), born_(now), ejection_(settings.ejection, salt) {
  groups_.resize(groups_max);
}

// --- Who is there --------------------------------------------------------------------------------------

replica_index fleet::add(replica_facts facts) {
  replica_index i = 0;
  while (i < facts_.size() && !is(i, standing::absent)) ++i;
  const std::uint64_t hash = hash_of(&facts.node.value, sizeof facts.node.value);
  if (i == facts_.size()) {
    facts_.emplace_back();
    hashes_.push_back(0);
    life_.push_back(0);
    standing_.push_back(0);
    own_.push_back(0);
    unanswered_.push_back(0);
    for (auto* column :
         {&own_started_, &waiting_since_, &others_, &reported_, &workers_, &limit_, &shed_, &shed_at_,
          &warm_since_, &slowness_, &slowness_at_, &path_, &last_answer_, &picks_, &picks_at_, &samples_})
      column->push_back(0);
    candidates_.reserve(facts_.capacity());
    scratch_.reserve(facts_.capacity());
  }
  facts_[i] = std::move(facts);
  hashes_[i] = hash;
  ++life_[i];
  standing_[i] = static_cast<std::uint8_t>(standing::unreachable);
  own_[i] = unanswered_[i] = 0;
  own_started_[i] = waiting_since_[i] = others_[i] = shed_[i] = shed_at_[i] = slowness_at_[i] = path_[i] = 0;
  reported_[i] = last_answer_[i] = warm_since_[i] = -1;
  workers_[i] = limit_[i] = slowness_[i] = 1;
  picks_[i] = picks_at_[i] = samples_[i] = 0;
  for (method_group& group : groups_) {
    if (!group.used) continue;
    group.good.resize(facts_.size());
    group.total.resize(facts_.size());
    group.counted.resize(facts_.size());
    group.good[i] = group.total[i] = group.counted[i] = 0;
    group.refreshed = -1;
  }
  ejection_.reset(i, true);
  return i;
}

void fleet::remove(replica_index i) {
  ++life_[i];
  standing_[i] =
      static_cast<std::uint8_t>(standing::absent) | static_cast<std::uint8_t>(standing::unreachable);
  own_[i] = unanswered_[i] = 0;
  own_started_[i] = 0;
  ejection_.reset(i, false);
}

void fleet::set(replica_index i, standing what, bool holds) {
  const auto bit = static_cast<std::uint8_t>(what);
  standing_[i] = static_cast<std::uint8_t>(holds ? standing_[i] | bit : standing_[i] & ~bit);
}

fleet::method_group& fleet::use_group(std::uint32_t number) {
  method_group& group = groups_[number];
  if (!group.used) {
    group.used = true;
    group.good.resize(facts_.size());
    group.total.resize(facts_.size());
    group.counted.resize(facts_.size());
    group.cached.group = number;
  }
  return group;
}

// --- Evidence ------------------------------------------------------------------------------------------

void fleet::began(const choice& what, time_point now) {
  const replica_index i = what.replica;
  const double seconds = seconds_at(now);
  ++own_[i];
  if (++unanswered_[i] == settings_->ejection.silent_in_flight_min) waiting_since_[i] = seconds;
  own_started_[i] += seconds;
  picks_[i] = picks_[i] * faded((seconds - picks_at_[i]) / share_fading) + 1;
  picks_at_[i] = seconds;
  ejection_.began(i, now);
}

void fleet::ended(replica_index i, std::uint32_t life, const completion& how, time_point now) {
  if (life_[i] != life) return;
  const double seconds = seconds_at(now);
  --own_[i];
  own_started_[i] = own_[i] == 0 ? 0 : own_started_[i] - seconds_at(how.started);
  if (how.load != nullptr) take_report(i, *how.load, seconds);
  if (how.outcome != outcome::withdrawn) unanswered_[i] = own_[i];
  switch (how.outcome) {
    case outcome::success:
      take_latency(i, how, seconds, now);
      count_outcome(i, how.group, 1, seconds);
      if (last_answer_[i] < 0) warm_since_[i] = seconds;
      last_answer_[i] = seconds;
      if (ejection_.succeeded(i, how.started, now)) {
        warm_since_[i] = seconds;
        samples_[i] = 0;
        for (method_group& group : groups_)
          if (group.used) group.good[i] = group.total[i] = 0;
      }
      return;
    case outcome::failure:
      at_least(i, how, seconds);
      count_outcome(i, how.group, 0, seconds);
      ejection_.failed(i, how.started, now);
      return;
    case outcome::overloaded:
      shed_[i] = 1 - (1 - shed_[i] * faded((seconds - shed_at_[i]) / shed_fading)) * .5;
      shed_[i] = std::min(shed_[i], shed_max);
      shed_at_[i] = seconds;
      ejection_.heard(i, now);
      ejection_.abandoned(i, how.started, now);
      return;
    case outcome::withdrawn:  // still unanswered: giving up on a silent replica does not make it talk
      at_least(i, how, seconds);
      ejection_.abandoned(i, how.started, now);
      return;
    case outcome::lost:
      ejection_.abandoned(i, how.started, now);
      return;
  }
}

void fleet::link_broke(replica_index i, time_point now) {
  const double seconds = seconds_at(now);
  for (std::uint32_t group = 0; group < groups_max; ++group)
    if (groups_[group].used) count_outcome(i, group, 0, seconds);
  reported_[i] = -1;
}

void fleet::watch(time_point now) {
  duration bound{0};
  for (const method_group& group : groups_) bound = std::max(bound, 3 * group.p99);
  bound = std::max(bound, settings_->ejection.silence_min);
  for (replica_index i = 0; i < facts_.size(); ++i)
    if (unanswered_[i] > 0)
      ejection_.watch_silence(i, unanswered_[i], time_at(waiting_since_[i]), bound, now);
}

void fleet::take_report(replica_index i, const load_report& load, double seconds) {
  // `own_` no longer counts the answered request, the report still does.
  others_[i] = std::max(0., static_cast<double>(load.in_flight) - own_[i] - 1);
  reported_[i] = seconds;
  workers_[i] = std::max(1u, load.workers);
  limit_[i] = load.limit > 0 ? load.limit : workers_[i];
  if (load.has(load_flag::draining)) set(i, standing::draining, true);
}

void fleet::take_latency(replica_index i, const completion& how, double seconds, time_point now) {
  method_group& group = use_group(how.group);
  const double trip = std::max(0., to_seconds(now - how.started));
  group.round_trip.record(now - how.started, now);
  const double since = last_answer_[i] < 0 ? 1e9 : seconds - last_answer_[i];
  const double base = group.measured ? group.cached.base : trip / how.depth;
  double service = trip / how.depth;
  double sample = service / std::max(base, 1e-9);
  ++samples_[i];
  if (how.load != nullptr && how.load->service_time > 0s) {
    const double reported = to_seconds(how.load->service_time);
    const double wait = to_seconds(how.load->queue_delay);
    // What is smoothed lags: a request that took less than it says proves that it was faster by now.
    const double proven = std::min(reported, trip);
    const double left = trip - wait - reported;
    const double fresh = std::max(1 - faded(since / path_fading), 1 / samples_[i]);
    path_[i] = path(i, seconds) * (1 - fresh) + left * fresh;
    fleet_samples_ += 1;
    const double part = std::max(1 - faded((seconds - fleet_counted_) / path_fading), 1 / fleet_samples_);
    fleet_counted_ = seconds;
    fleet_service_ += (proven - fleet_service_) * part;
    fleet_path_ += (left - fleet_path_) * part;
    sample = proven / std::max(fleet_service_, 1e-9);
    service = std::clamp(trip - wait - std::max(path_[i], 0.), .1 * trip, trip);
  }
  group.service.record(from_seconds(service), now);
  fold_slowness(i, sample, seconds);
  if (!group.measured) group.refreshed = -1;
}

// A call that nobody waited for has told how long it takes at least, and a failure that it took so long.
void fleet::at_least(replica_index i, const completion& how, double seconds) {
  const method_group& group = use_group(how.group);
  if (!group.measured) return;
  const double base = group.cached.base;
  const double age = seconds - seconds_at(how.started) - std::max(path(i, seconds), 0.);
  const double sample = age / (how.depth * base);
  if (sample > slowness(i, seconds)) fold_slowness(i, sample, seconds);
}

void fleet::fold_slowness(replica_index i, double sample, double seconds) {
  const double bounded = std::clamp(sample, slowness_min, slowness_max);
  const double before = slowness_[i];
  const double kept = faded((seconds - slowness_at_[i]) / to_seconds(settings_->latency_decay));
  // Up at once, by what exceeds twice the memory: a stall counts, the spread of service times does not.
  // The first answers are averaged: one alone would be remembered as the truth for seconds.
  const double excess = bounded / 2 - before;
  const double fresh = std::max(1 - kept, 1 / (samples_[i] + 1));
  slowness_[i] += excess > 0 && samples_[i] > 1 ? rise * excess : fresh * (bounded - before);
  slowness_at_[i] = seconds;
}

void fleet::count_outcome(replica_index i, std::uint32_t number, double good, double seconds) {
  method_group& group = use_group(number);
  constexpr double ln2 = 0.6931471805599453;
  const double kept = faded((seconds - group.counted[i]) * ln2 / to_seconds(settings_->success_half_life));
  group.good[i] = group.good[i] * kept + good;
  group.total[i] = group.total[i] * kept + 1;
  group.counted[i] = seconds;
}

// --- The quantities ------------------------------------------------------------------------------------

// Toward 1 without new answers: a replica that has recovered is found out, not remembered.
double fleet::slowness(replica_index i, double seconds) const {
  return 1 + (slowness_[i] - 1) * faded((seconds - slowness_at_[i]) / to_seconds(settings_->latency_decay));
}

double fleet::path(replica_index i, double seconds) const {
  if (is_unseen(i)) return fleet_path_;
  const double kept = faded((seconds - last_answer_[i]) / to_seconds(settings_->latency_decay));
  return path_[i] * kept + fleet_path_ * (1 - kept);
}

double fleet::success(replica_index i, const moment& at) const {
  const method_group& group = groups_[at.group];
  constexpr double ln2 = 0.6931471805599453;
  const double kept = faded((at.seconds - group.counted[i]) * ln2 / to_seconds(settings_->success_half_life));
  const double prior = settings_->success_prior;
  return (group.good[i] * kept + prior * at.success) / (group.total[i] * kept + prior);
}

double fleet::depth(replica_index i, const moment& at) const {
  return std::max(1., (own_[i] * at.own_scale + others(i, at) + 1) / workers_[i]);
}

double fleet::latency(replica_index i, const moment& at) const {
  const double slower = 1 + significant(slowness(i, at.seconds) - 1);
  const double farther = at.base * significant((path(i, at.seconds) - fleet_path_) / at.base);
  const double usual = std::max(fleet_path_ + farther, 0.) + at.base * slower * depth(i, at);
  if (own_[i] == 0) return usual;
  const double mean_age = at.seconds - own_started_[i] / own_[i];
  return usual + std::max(0., mean_age - 2 * usual);
}

double fleet::cost(replica_index i, const moment& at) const {
  const double p = success(i, at);
  return (latency(i, at) + (1 - p) * at.penalty) / std::max(p, success_min);
}

double fleet::capacity(replica_index i) const {
  double share = 1;
  if (warm_since_[i] >= 0 && settings_->warm_up > 0s) {
    const double warmth = (moment_.seconds - warm_since_[i]) / to_seconds(settings_->warm_up);
    share = std::min(1., cold_share + (1 - cold_share) * warmth);
  }
  if (shed_[i] > 0) share *= 1 - shed_[i] * faded((moment_.seconds - shed_at_[i]) / shed_fading);
  return std::min(workers_[i], limit_[i]) * share;
}

bool fleet::wants_trial(replica_index i) const {
  if (is(i, standing::suspected)) return false;
  return ejection_.wants_probe(i) || (is_unseen(i) && own_[i] == 0);
}

// --- Medians of the fleet ------------------------------------------------------------------------------

void fleet::look(std::uint32_t number, time_point now) {
  method_group& group = use_group(number);
  const double seconds = seconds_at(now);
  if (group.refreshed < 0 || seconds - group.refreshed >= refresh_every) refresh(group, seconds);
  moment_ = group.cached;
  moment_.seconds = seconds;
}

void fleet::refresh(method_group& group, double seconds) {
  group.refreshed = seconds;
  refresh_fleet_load(seconds);
  group.p50 = group.round_trip.quantile(.5);
  group.p99 = group.round_trip.quantile(.99);
  const double median_service = to_seconds(group.service.quantile(.5));
  moment& at = group.cached;
  at.seconds = seconds;
  group.measured = median_service > 0;
  at.base = group.measured ? median_service : base_unknown;
  const double median_trip = std::max(to_seconds(group.p50), at.base);
  at.penalty = std::max(to_seconds(group.p99), 10 * median_trip);
  at.report_fading = 1 / std::clamp(report_median_spans * median_trip, report_fading_min, report_fading_max);
  at.others_median = others_median_;
  at.own_scale = own_scale_;
  refresh_costs(group);
}

// Other routers choose as this one does, so every call of ours foretells some of theirs: how many, the
// reports tell.
void fleet::refresh_fleet_load(double seconds) {
  scratch_.clear();
  double own = 0;
  double all = 0;
  for (replica_index i = 0; i < facts_.size(); ++i) {
    if (is(i, standing::absent) || reported_[i] < 0) continue;
    scratch_.push_back(others_[i]);
    own += own_[i];
    all += own_[i] + others_[i];
  }
  if (scratch_.empty()) return;
  const auto middle = scratch_.begin() + static_cast<std::ptrdiff_t>((scratch_.size() - 1) / 2);
  std::nth_element(scratch_.begin(), middle, scratch_.end());
  others_median_ = *middle;
  if (own < 1) return;
  const double sample = 1 + .5 * (std::clamp(all / own, 1., 100.) - 1);
  const double kept = faded((seconds - scaled_at_) / scale_fading);
  own_scale_ = own_scale_ * kept + sample * (1 - kept);
  scaled_at_ = seconds;
}

void fleet::refresh_costs(method_group& group) {
  moment& at = group.cached;
  double good = 1;
  double total = 1;
  for (replica_index i = 0; i < facts_.size(); ++i) {
    if (is(i, standing::absent)) continue;
    good += group.good[i];
    total += group.total[i];
  }
  at.success = good / total;
  scratch_.clear();
  for (replica_index i = 0; i < facts_.size(); ++i)
    if (!is(i, standing::absent) && !is_unseen(i)) scratch_.push_back(cost(i, at));
  at.cost_median = at.cost_upper = std::max(at.base, 1e-9);
  if (scratch_.empty()) return;
  const auto nth = [&](std::size_t n) {
    std::nth_element(scratch_.begin(), scratch_.begin() + static_cast<std::ptrdiff_t>(n), scratch_.end());
    return std::max(scratch_[n], 1e-9);
  };
  at.cost_median = nth((scratch_.size() - 1) / 2);
  at.cost_upper = nth((scratch_.size() - 1) * 3 / 4);
}

// --- Choosing ------------------------------------------------------------------------------------------

// The candidates are those with the least against them: not tried before not draining before not barred.
void fleet::gather(const request& what) {
  enum : unsigned { barred = 1, tried = 2, draining = 4, none_yet = 8 };
  candidates_.clear();
  unsigned least = none_yet;
  for (replica_index i = 0; i < facts_.size(); ++i) {
    if (is(i, standing::unreachable)) continue;
    if (what.only && facts_[i].node != what.only) continue;
    unsigned against = 0;
    if (is(i, standing::draining)) against |= draining;
    if (std::find(what.tried.begin(), what.tried.end(), i) != what.tried.end()) {
      if (what.tried_again == request::again::no) continue;
      against |= tried;
    }
    if (against > least) continue;
    if (is_barred(i)) against |= barred;
    if (against > least) continue;
    if (against < least) candidates_.clear();
    least = against;
    candidates_.push_back(i);
  }
}

std::optional<choice> fleet::pick(policy& by, const request& what, random_source& random, time_point now) {
  look(what.group, now);
  gather(what);
  if (candidates_.empty()) return std::nullopt;
  const replica_index i =
      candidates_.size() == 1 ? candidates_[0] : by.pick(*this, candidates_, what, random);
  choice picked;
  picked.replica = i;
  picked.life = life_[i];
  picked.score = sum_of(settings_->weight, terms_of(*this, i));
  picked.depth = depth(i, moment_);
  const bool before = std::find(what.tried.begin(), what.tried.end(), i) != what.tried.end();
  picked.before = before ? choice::novelty::tried : choice::novelty::fresh;
  return picked;
}

// --- Seeing --------------------------------------------------------------------------------------------

duration fleet::median_round_trip(std::uint32_t group) const { return groups_[group].p50; }
duration fleet::p99_round_trip(std::uint32_t group) const { return groups_[group].p99; }

std::vector<candidate> fleet::explain(std::uint32_t group, time_point now) const {
  fleet copy = *this;  // looking may turn ejected into probing: not for being looked at
  copy.look(group, now);
  double picks = 0;
  for (replica_index i = 0; i < facts_.size(); ++i)
    picks += picks_[i] * faded((copy.moment_.seconds - picks_at_[i]) / share_fading);
  std::vector<candidate> all;
  for (replica_index i = 0; i < facts_.size(); ++i) {
    if (is(i, standing::absent)) continue;
    const term_values values = terms_of(copy, i);
    candidate one;
    one.node = facts_[i].node;
    one.name = facts_[i].name;
    one.address = facts_[i].address;
    for (std::size_t t = 0; t < score_terms; ++t) {
      const auto which = static_cast<score_term>(t);
      one.terms.push_back({to_string(which), values[t], weight_of(settings_->weight, which)});
    }
    one.score = sum_of(settings_->weight, values);
    one.in_flight = own_[i];
    const double recent = picks_[i] * faded((copy.moment_.seconds - picks_at_[i]) / share_fading);
    one.share = picks > 0 ? recent / picks : 0;
    const health state = copy.ejection_.state_of(i);
    if (state == health::ejected) one.ejected_until = copy.ejection_.until(i);
    if (is(i, standing::unreachable)) {
      one.why = "unreachable: no connection to it, or none that takes more";
    } else if (is(i, standing::silent)) {
      one.why = "silent: its connection does not answer";
    } else if (state != health::healthy) {
      one.why = std::string(to_string(state)) + ": " + std::string(copy.ejection_.why(i));
      if (copy.ejection_.ignored()) one.why += " (ignored: more than half are out)";
    } else if (is(i, standing::draining)) {
      one.why = "draining: it is leaving";
    }
    all.push_back(std::move(one));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const candidate& a, const candidate& b) { return a.score < b.score; });
  return all;
}

}  // namespace troupe::balance
