#include <algorithm>
#include <cmath>

#include <troupe/balance/policy.hpp>
#include <troupe/balance/replica_set.hpp>
#include <troupe/balance/score.hpp>
#include <troupe/base/hash.hpp>

namespace troupe::balance {

namespace {

constexpr double refresh_every = .01;         // s; medians of all are this old at most,
constexpr double refresh_per_replica = 1e-5;  // s; or older where there are thousands
constexpr double rescored_max = 64;           // replicas a pick, in rotation, where picks are rare
constexpr double asleep_after = 1;            // s without a pick: then changes are not followed one by one
constexpr double report_spans = 8;            // others' load is half forgotten after about so many latencies,
constexpr double report_fading_min = .001, report_fading_max = 10;  // s, within these bounds
constexpr double followers = .5;  // how much of what others have in flight is taken to follow our choices
constexpr double patience = 2;  // a call in flight for longer than so many expected latencies counts as late
constexpr double scale_fading = 2;   // s
constexpr double path_fading = .5;   // s
constexpr double share_fading = 10;  // s
constexpr double shed_fading = 1;    // s
constexpr double shed_max = .95;
constexpr double rise = .75;          // of the way to a stall, at once; the way down takes seconds
constexpr double trust_memory = 500;  // reports
constexpr double trust_prior = 1;     // squared relative differences: at first, what is heard is believed
constexpr double difference_max = 4;
constexpr double slowness_min = .05, slowness_max = 100;
constexpr double success_min = .02;       // bounds what a failure can cost: 50 tries
constexpr double samples_many = 10;       // answers; what fewer say is forgotten sooner, in proportion
constexpr double service_unknown = 1e-3;  // s, until the first answer
constexpr double weight_min = 1e-3;       // of a method
constexpr double method_fading = 10;      // s
constexpr double cold_share = .25;
constexpr double hot_waiting = 1;  // requests waiting per worker, beyond the one it serves
constexpr std::uint32_t quiet_share = 16;
constexpr double probe_patience = 1;  // s; then its answer is not waited for
constexpr double probe_credit_max = 8;
constexpr double unprobed_max = 5;  // earned without a probe: then one goes out, however many bounce
constexpr double bounce_at_max = 1e9;
constexpr double bounce_share = .5;      // of a usual service time: what bouncing has to save
constexpr double common_failures = .03;  // share of calls; then one failure means nothing
constexpr std::uint32_t doublings_max = 3;
constexpr double ln2 = 0.6931471805599453;

}  // namespace

replica_set::replica_set(const options& settings, std::uint64_t salt, time_point now)
    : settings_(&settings), salt_(salt), born_(now), silence_(settings.ejection, salt) {
  groups_.resize(groups_max);
}

// --- Who is there --------------------------------------------------------------------------------------

replica_index replica_set::add(replica_facts facts) {
  replica_index i = static_cast<replica_index>(records_.size());
  if (free_.empty()) {
    records_.emplace_back();
    facts_.emplace_back();
    narrowed_.reserve(records_.capacity());
    scratch_.reserve(records_.capacity());
  } else {
    i = free_.back();
    free_.pop_back();
  }
  record fresh;
  fresh.hash = hash_of(&facts.node.value, sizeof facts.node.value);
  fresh.life = records_[i].life + 1;
  fresh.standing = static_cast<std::uint8_t>(standing::unreachable);
  fresh.distance = facts.distance;
  records_[i] = fresh;
  facts_[i] = std::move(facts);
  ring_.add(fresh.hash, i);
  ++generation_;
  silence_.reset(i, true);
  for (const std::uint32_t number : used_) {
    method_group& group = groups_[number];
    make_room(group);
    group.counts[i] = {};
    group.ejection->reset(i, true);
    group.refreshed = -1;
  }
  load_refreshed_ = -1;
  candidates_changed();
  return i;
}

void replica_set::describe(replica_index i, replica_facts facts) {
  records_[i].distance = facts.distance;
  facts_[i] = std::move(facts);
  touch(i);
}

void replica_set::remove(replica_index i) {
  own_total_ -= records_[i].own;
  record gone;
  gone.hash = records_[i].hash;
  gone.life = records_[i].life + 1;
  gone.standing =
      static_cast<std::uint8_t>(standing::absent) | static_cast<std::uint8_t>(standing::unreachable);
  records_[i] = gone;
  ring_.remove(gone.hash, i);
  free_.push_back(i);
  ++generation_;
  silence_.reset(i, false);
  for (const std::uint32_t number : used_) groups_[number].ejection->reset(i, false);
  load_refreshed_ = -1;
  candidates_changed();
}

void replica_set::set(replica_index i, standing what, bool holds) {
  const auto bit = static_cast<std::uint8_t>(what);
  std::uint8_t& now = records_[i].standing;
  const auto wanted = static_cast<std::uint8_t>(holds ? now | bit : now & ~bit);
  if (wanted == now) return;
  now = wanted;
  if (what == standing::mute) records_[i].probed = -1;
  if (what != standing::outside && what != standing::mute) candidates_changed();
}

void replica_set::settings_changed() { candidates_changed(); }

void replica_set::make_room(method_group& group) {
  group.counts.resize(records_.size());
  group.is_changed.resize(records_.size());
  group.scores.resize(static_cast<std::uint32_t>(records_.size()));
}

replica_set::method_group& replica_set::use_group(std::uint32_t number) {
  method_group& group = groups_[number];
  if (group.ejection) return group;
  group.ejection.emplace(settings_->ejection, mix(salt_ + number));
  make_room(group);
  for (replica_index i = 0; i < records_.size(); ++i) group.ejection->reset(i, !is(i, standing::absent));
  group.cached.group = number;
  used_.push_back(number);
  return group;
}

// --- Scores that follow --------------------------------------------------------------------------------

void replica_set::touch(replica_index i) {
  for (const std::uint32_t number : used_) {
    method_group& group = groups_[number];
    if (group.is_changed[i] != 0 || !group.candidates_known) continue;
    group.is_changed[i] = 1;
    group.changed.push_back(i);
  }
}

void replica_set::candidates_changed() {
  for (const std::uint32_t number : used_) groups_[number].candidates_known = false;
}

float replica_set::compute_score(replica_index i) {
  return wants_trial(i) ? -1 : static_cast<float>(sum_of(settings_->weight, terms_of(*this, i)));
}

void replica_set::rescore(method_group& group, replica_index i) { group.scores.set(i, compute_score(i)); }

// All that was touched, and as many others, in turn, as time has passed.
void replica_set::rescore_due(method_group& group, double since) {
  for (const replica_index i : group.changed) {
    group.is_changed[i] = 0;
    if (group.scores[i] != scoreboard::out) rescore(group, i);
  }
  group.changed.clear();
  const auto size = static_cast<double>(group.candidates.size());
  const double before = group.turned;
  group.turned += std::min({size, size * since / to_seconds(settings_->score_age), rescored_max});
  for (auto turn = static_cast<std::size_t>(before); turn < static_cast<std::size_t>(group.turned); ++turn)
    rescore(group, group.candidates[turn % group.candidates.size()]);
  if (group.turned >= size) group.turned = std::fmod(group.turned, std::max(size, 1.));
}

replica_set::method_group& replica_set::look(std::uint32_t number, time_point now) {
  method_group& group = use_group(number);
  const double seconds = seconds_at(now);
  const double stale_after = std::max(refresh_every, refresh_per_replica * static_cast<double>(size()));
  if (group.refreshed < 0 || seconds - group.refreshed >= stale_after) refresh(group, seconds);
  moment_ = group.cached;
  moment_.seconds = seconds;
  if (ring_.size() > 0)
    moment_.load_mean = others_mean_ + own_total_ * own_scale_ / static_cast<double>(ring_.size());
  const double since = seconds - group.looked;
  const bool still = group.candidates_known && since <= asleep_after && now < group.candidates_until &&
                     group.candidates_of == group.ejection->changes() + silence_.changes();
  group.looked = seconds;
  if (still) {
    rescore_due(group, since);
  } else {
    find_candidates(group);
  }
  return group;
}

// --- Evidence ------------------------------------------------------------------------------------------

void replica_set::began(const choice& what, time_point now) {
  record& it = records_[what.replica];
  const double seconds = seconds_at(now);
  ++it.own;
  ++own_total_;
  if (++it.unanswered == settings_->ejection.silent_in_flight_min) it.waiting_since = seconds;
  it.own_started += seconds;
  it.picks = it.picks * faded((seconds - it.picks_at) / share_fading) + 1;
  it.picks_at = seconds;
  silence_.began(what.replica, now);
  use_group(what.group).ejection->began(what.replica, now);
  touch(what.replica);
}

void replica_set::ended(replica_index i, std::uint32_t life, const completion& how, time_point now) {
  record& it = records_[i];
  if (it.life != life) return;
  const double seconds = seconds_at(now);
  method_group& group = use_group(how.group);
  touch(i);
  --it.own;
  --own_total_;
  it.own_started = it.own == 0 ? 0 : it.own_started - seconds_at(how.started);
  if (how.load != nullptr) {
    const auto by = how.outcome == outcome::bounced      ? asked_by::bouncing
                    : how.outcome == outcome::overloaded ? asked_by::probe
                                                         : asked_by::request;
    take_report(i, *how.load, by, seconds);
  }
  if (how.outcome != outcome::withdrawn) it.unanswered = it.own;
  switch (how.outcome) {
    case outcome::success:
      take_latency(i, how, seconds, now);
      count_outcome(i, how.group, 1, seconds);
      if (it.last_answer < 0) it.warm_since = seconds;
      it.last_answer = seconds;
      if (const bool back = group.ejection->succeeded(i, how.started, now);
          silence_.succeeded(i, how.started, now) || back) {
        it.warm_since = seconds;
        it.samples = 0;
        group.counts[i] = {0, 0, seconds};
      }
      return;
    case outcome::failure:
      at_least(it, how, seconds);
      count_outcome(i, how.group, 0, seconds);
      group.ejection->failed(i, how.started, now);
      silence_.abandoned(i, how.started, now);
      return;
    case outcome::overloaded:
      it.shed = 1 - (1 - it.shed * faded((seconds - it.shed_at) / shed_fading)) * .5;
      it.shed = std::min(it.shed, shed_max);
      it.shed_at = seconds;
      silence_.heard(i, now);
      break;
    case outcome::bounced:  // which has told what a probe tells, and the pick that follows is the same call's
      probe_credit_ -= 1 + settings_->probes_per_call;  // so bounces end where there are too many
      silence_.heard(i, now);
      break;
    case outcome::withdrawn:  // still unanswered: giving up on a silent replica does not make it talk
      at_least(it, how, seconds);
      break;
    case outcome::lost:
      break;
  }
  group.ejection->abandoned(i, how.started, now);
  silence_.abandoned(i, how.started, now);
}

void replica_set::link_broke(replica_index i, time_point now) {
  const double seconds = seconds_at(now);
  for (const std::uint32_t number : used_) count_outcome(i, number, 0, seconds);
  records_[i].reported = -1;
  touch(i);
}

void replica_set::watch(time_point now) {
  duration bound = settings_->ejection.silence_min;
  for (const std::uint32_t number : used_) bound = std::max(bound, 3 * groups_[number].p99);
  const std::uint64_t before = silence_.changes();
  const std::uint32_t enough = settings_->ejection.silent_in_flight_min;
  quiet_.clear();
  for (replica_index i = 0; i < records_.size(); ++i) {
    const record& it = records_[i];
    if (silence_.state_of(i) == health::ejected) quiet_.push_back(i);
    if (it.unanswered >= enough) {
      silence_.watch_silence(i, it.unanswered, time_at(it.waiting_since), bound, now);
    } else if (it.probed >= 0) {  // a probe is answered even by a busy server: one is enough
      silence_.watch_silence(i, enough, time_at(it.probed), bound, now);
    }
  }
  if (silence_.changes() != before) candidates_changed();
}

void replica_set::take_report(replica_index i, const rpc::load_report& load, asked_by what, double seconds) {
  if (load.has(rpc::load_flag::draining)) set(i, standing::draining, true);
  record& it = records_[i];
  const double taken = seconds - to_seconds(load.age);
  if (taken < it.reported) return;  // a probe's answer that was overtaken
  // `own` no longer counts an answered request, the report still does. Of one that bounced, no `yours` is
  // none of ours; elsewhere it is a server that does not tell.
  const double answered = what == asked_by::request ? 1 : 0;
  const double ours = load.yours > 0 || what == asked_by::bouncing ? load.yours : it.own + answered;
  it.others = std::max(0., load.in_flight - ours);
  it.reported = taken;
  it.workers = std::max(1u, load.workers);
  it.limit = load.limit > 0 ? load.limit : it.workers;
  if (load.service_time <= 0s) return;
  const double served = to_seconds(load.service_time);
  if (it.service > 0 && usual_service_ > 0) learn_trust(it.service / usual_service_, served / usual_service_);
  it.service = served;
  it.service_at = taken - to_seconds(load.service_age);
}

// How well does what is held of a replica's speed foretell the next that is heard of it? The slope of the
// one's difference from the usual over the other's. Where it is near 0, differences are noise, or they
// change faster than news travels: then they are not acted on.
void replica_set::learn_trust(double held, double heard) {
  constexpr double kept = 1 - 1 / trust_memory;
  const double before = std::min(held - 1, difference_max);
  const double after = std::min(heard - 1, difference_max);
  foretold_ = foretold_ * kept + before * after;
  held_ = held_ * kept + before * before;
}

void replica_set::take_latency(replica_index i, const completion& how, double seconds, time_point now) {
  record& it = records_[i];
  method_group& group = use_group(how.group);
  const double trip = std::max(0., to_seconds(now - how.started));
  group.round_trip.record(now - how.started, now);
  const double since = it.last_answer < 0 ? 1e9 : seconds - it.last_answer;
  double served = trip / how.depth;
  ++it.samples;
  if (how.load != nullptr && how.load->service_time > 0s) {
    const double reported = to_seconds(how.load->service_time);
    const double wait = to_seconds(how.load->queue_delay);
    const double left = trip - wait - reported;
    const double fresh = std::max(1 - faded(since / path_fading), 1 / it.samples);
    it.path = path(it, seconds) * (1 - fresh) + left * fresh;
    ++path_samples_;
    const double part = std::max(1 - faded((seconds - path_counted_) / path_fading), 1 / path_samples_);
    path_counted_ = seconds;
    usual_path_ += (left - usual_path_) * part;
    served = std::clamp(trip - wait - std::max(it.path, 0.), .1 * trip, trip);
  } else {
    fold_service(it, served, seconds);
  }
  const double kept = faded((seconds - group.weighed) / method_fading);
  group.weighed = seconds;
  group.served = group.served * kept + served;
  group.usually_served = group.usually_served * kept + it.service;
  const double usual =
      group.cached.base * how.depth + std::max(usual_path_, 0.) + to_seconds(settings_->cost_floor);
  const bool slow = group.measured && trip > settings_->ejection.slow_factor * usual;
  if (!group.measured) group.refreshed = -1;
  group.ejection->paced(i, slow ? ejection::pace::dragging : ejection::pace::usual, now);
}

// A call that nobody waited for has told how long it takes at least, and a failure that it took so long.
void replica_set::at_least(record& it, const completion& how, double seconds) {
  const method_group& group = use_group(how.group);
  if (!group.measured) return;
  const double age = seconds - seconds_at(how.started) - std::max(path(it, seconds), 0.);
  const double sample = age / (how.depth * group.cached.weight);
  if (sample > service(it, group.cached)) fold_service(it, sample, seconds);
}

// Where no report says it: up at once, by what exceeds twice the memory, since a stall counts and the spread
// of service times does not. The first answers are averaged: one alone would be remembered for seconds.
void replica_set::fold_service(record& it, double sample, double seconds) {
  const double usual = usual_service_ > 0 ? usual_service_ : sample;
  const double bounded = std::clamp(sample, slowness_min * usual, slowness_max * usual);
  if (it.service <= 0) it.service = bounded;
  const double kept = faded((seconds - it.service_at) / to_seconds(settings_->latency_decay));
  const double excess = bounded / 2 - it.service;
  const double fresh = std::max(1 - kept, 1 / (it.samples + 1));
  it.service += excess > 0 && it.samples > 1 ? rise * excess : fresh * (bounded - it.service);
  it.service_at = seconds;
}

void replica_set::count_outcome(replica_index i, std::uint32_t number, double good, double seconds) {
  outcomes& counts = use_group(number).counts[i];
  const double kept = faded((seconds - counts.counted) * ln2 / to_seconds(settings_->success_half_life));
  counts.good = counts.good * kept + good;
  counts.total = counts.total * kept + 1;
  counts.counted = seconds;
  if (good > 0) {
    counts.streak -= counts.streak > 0;
  } else {
    counts.failed = seconds;
    ++counts.streak;
  }
}

// --- Probes --------------------------------------------------------------------------------------------

// At random: by need (the longest unheard, or the next in line) was no better, and is blind to a replica that
// has just changed. One in `quiet_share` asks a silent one whether it is back.
std::optional<replica_index> replica_set::probe_due(random_source& random, time_point now) {
  const method_group& group = groups_[moment_.group];
  if (probe_credit_ < 1 && unprobed_ < unprobed_max) return std::nullopt;
  const bool look_for_quiet = !quiet_.empty() && random.below(quiet_share) == 0;
  const std::vector<replica_index>& among = look_for_quiet ? quiet_ : group.candidates;
  if (among.size() + quiet_.size() < 2) return std::nullopt;
  probe_credit_ -= 1;
  unprobed_ = 0;
  const replica_index i = among[random.below(static_cast<std::uint32_t>(among.size()))];
  record& it = records_[i];
  const double seconds = seconds_at(now);
  const bool is_awaited = it.probed >= 0 && seconds - it.probed < probe_patience;
  if (is_awaited || is(i, standing::unreachable) || is(i, standing::mute)) return std::nullopt;
  it.probed = seconds;
  return i;
}

void replica_set::probed(replica_index i, std::uint32_t life, const rpc::load_report& load, time_point now) {
  record& it = records_[i];
  if (it.life != life || it.probed < 0) return;
  const double seconds = seconds_at(now);
  it.probed = -1;
  take_report(i, load, asked_by::probe, seconds);
  silence_.heard(i, now);
  touch(i);
}

// --- The quantities ------------------------------------------------------------------------------------

// Toward the usual without news: a replica that has recovered is found out, not remembered.
double replica_set::service(const record& it, const moment& at) const {
  if (it.service <= 0) return at.service;
  const double kept = faded(std::max(at.seconds - it.service_at, 0.) / to_seconds(settings_->latency_decay));
  return at.service + (it.service - at.service) * kept * at.trust;
}

// The first answers of a process come late (connections, code that nobody has touched yet): the fewer there
// were, the sooner they are forgotten.
double replica_set::path(const record& it, double seconds) const {
  if (it.last_answer < 0) return usual_path_;
  const double memory = to_seconds(settings_->latency_decay) * std::clamp(it.samples / samples_many, .1, 1.);
  const double kept = faded((seconds - it.last_answer) / memory);
  return it.path * kept + usual_path_ * (1 - kept);
}

double replica_set::success(replica_index i, const moment& at) const {
  const outcomes& counts = groups_[at.group].counts[i];
  const double kept = faded((at.seconds - counts.counted) * ln2 / to_seconds(settings_->success_half_life));
  const double prior = settings_->success_prior;
  const double smoothed = (counts.good * kept + prior * at.success) / (counts.total * kept + prior);
  if (counts.streak == 0) return smoothed;
  // Where failures are rare, one is a sign: the next call goes elsewhere, and the longer a streak, the
  // longer.
  const double surprise = std::max(0., 1 - (1 - at.success) / common_failures);
  const double lasts = to_seconds(settings_->doubt) * std::exp2(std::min(counts.streak, doublings_max) - 1.);
  return smoothed * (1 - .5 * surprise * faded((at.seconds - counts.failed) / lasts));
}

double replica_set::depth(const record& it, const moment& at) const {
  return std::max(1., (it.own * at.own_scale + others(it, at) + 1) / it.workers);
}

double replica_set::latency(const record& it, const moment& at) const {
  const double usual = std::max(path(it, at.seconds), 0.) + service(it, at) * at.weight * depth(it, at);
  if (it.own == 0) return usual;
  const double mean_age = at.seconds - it.own_started / it.own;
  return usual + std::max(0., mean_age - patience * usual);
}

double replica_set::cost(replica_index i, const moment& at) const {
  const double p = success(i, at);
  return (latency(records_[i], at) + (1 - p) * at.penalty) / std::max(p, success_min);
}

double replica_set::capacity(const record& it, double seconds) const {
  double share = 1;
  if (it.warm_since >= 0 && settings_->warm_up > 0s) {
    const double warmth = (seconds - it.warm_since) / to_seconds(settings_->warm_up);
    share = std::min(1., cold_share + (1 - cold_share) * warmth);
  }
  if (it.shed > 0) share *= 1 - it.shed * faded((seconds - it.shed_at) / shed_fading);
  return std::min(it.workers, it.limit) * share;
}

bool replica_set::wants_trial(replica_index i) const {
  if (is(i, standing::suspected)) return false;
  const auto& of_method = groups_[moment_.group].ejection;
  return silence_.wants_probe(i) || (of_method && of_method->wants_probe(i)) ||
         (is_unseen(i) && records_[i].own == 0);
}

bool replica_set::is_barred(replica_index i) {
  const time_point now = time_at(moment_.seconds);
  auto& of_method = groups_[moment_.group].ejection;
  return is(i, standing::silent) || silence_.bars(i, now) || (of_method && of_method->bars(i, now));
}

// --- Medians of all -------------------------------------------------------------------------------------

double replica_set::nth(std::size_t n, double otherwise) {
  if (scratch_.empty()) return otherwise;
  const auto wanted = scratch_.begin() + static_cast<std::ptrdiff_t>(n);
  std::nth_element(scratch_.begin(), wanted, scratch_.end());
  return *wanted;
}

void replica_set::refresh(method_group& group, double seconds) {
  group.refreshed = seconds;
  group.p50 = group.round_trip.quantile(.5);
  group.p95 = group.round_trip.quantile(.95);
  group.p99 = group.round_trip.quantile(.99);
  if (load_refreshed_ < 0 || seconds - load_refreshed_ >= refresh_every) refresh_load(seconds);
  moment& at = group.cached;
  at.seconds = seconds;
  group.measured = group.usually_served > 0;
  at.service = usual_service_ > 0 ? usual_service_ : service_unknown;
  at.weight = group.measured ? std::max(group.served / group.usually_served, weight_min) : 1;
  at.base = at.service * at.weight;
  const double median_trip = std::max(to_seconds(group.p50), at.base);
  at.penalty = std::max(to_seconds(group.p99), 10 * median_trip);
  at.report_fading = 1 / std::clamp(report_spans * median_trip, report_fading_min, report_fading_max);
  at.others_median = others_median_;
  at.own_scale = own_scale_;
  at.trust = std::clamp((foretold_ + trust_prior) / (held_ + trust_prior), 0., 1.);
  at.hot = hot_;
  refresh_costs(group);
}

// Other routers choose as this one does, so every call of ours foretells some of theirs: how many, the
// reports tell.
void replica_set::refresh_load(double seconds) {
  load_refreshed_ = seconds;
  double own = 0;
  double all = 0;
  double hot = 0;
  double present = 0;
  scratch_.clear();
  for (const record& it : records_) {
    if (it.reported < 0) continue;
    scratch_.push_back(it.others);
    own += it.own;
    all += it.own + it.others;
    hot += it.own + it.others > (1 + hot_waiting) * it.workers;
    ++present;
  }
  others_median_ = nth((scratch_.size() - 1) / 2, others_median_);
  scratch_.clear();
  for (const record& it : records_)
    if (it.service > 0) scratch_.push_back(it.service);
  usual_service_ = nth((scratch_.size() - 1) / 2, usual_service_);
  others_mean_ = present > 0 ? (all - own) / present : 0;
  hot_ = present > 0 ? hot / present : 0;
  if (own < 1) return;
  const double sample = 1 + followers * (std::clamp(all / own, 1., 100.) - 1);
  const double kept = faded((seconds - scaled_at_) / scale_fading);
  own_scale_ = own_scale_ * kept + sample * (1 - kept);
  scaled_at_ = seconds;
}

void replica_set::refresh_costs(method_group& group) {
  moment& at = group.cached;
  double good = 1;
  double total = 1;
  for (replica_index i = 0; i < records_.size(); ++i) {
    if (is(i, standing::absent)) continue;
    good += group.counts[i].good;
    total += group.counts[i].total;
  }
  at.success = good / total;
  scratch_.clear();
  for (replica_index i = 0; i < records_.size(); ++i)
    if (!is(i, standing::absent) && !is_unseen(i)) scratch_.push_back(cost(i, at));
  at.cost_median = std::max(nth((scratch_.size() - 1) / 2, at.base), 1e-9);
  at.cost_upper = std::max(nth((scratch_.size() - 1) * 3 / 4, at.base), 1e-9);
}

// --- Choosing ------------------------------------------------------------------------------------------

// The candidates are those with the least against them: not draining before not barred.
void replica_set::find_candidates(method_group& group) {
  enum : unsigned { barred = 1, draining = 2, none_yet = 4 };
  group.candidates.clear();
  unsigned least = none_yet;
  for (replica_index i = 0; i < records_.size(); ++i) {
    group.scores.set(i, scoreboard::out);
    if (is(i, standing::unreachable)) continue;
    const unsigned against = (is(i, standing::draining) ? draining : 0u) | (is_barred(i) ? barred : 0u);
    if (against > least) continue;
    if (against < least) group.candidates.clear();
    least = against;
    group.candidates.push_back(i);
  }
  for (const replica_index i : group.candidates) rescore(group, i);
  for (const replica_index i : group.changed) group.is_changed[i] = 0;
  group.changed.clear();
  group.changed.reserve(records_.size());
  group.candidates_known = true;
  group.candidates_of = group.ejection->changes() + silence_.changes();
  group.candidates_until = std::min(group.ejection->next_turn(), silence_.next_turn());
}

// The same for a call that may not go everywhere: those it has tried come after all others.
std::span<const replica_index> replica_set::narrowed(const request& what) {
  enum : unsigned { barred = 1, tried = 2, draining = 4, none_yet = 8 };
  narrowed_.clear();
  unsigned least = none_yet;
  const auto consider = [&](replica_index i) {
    if (is(i, standing::unreachable)) return;
    if (what.only && facts_[i].node != what.only) return;
    unsigned against = is(i, standing::draining) ? draining : 0u;
    if (std::find(what.tried.begin(), what.tried.end(), i) != what.tried.end()) {
      if (what.tried_again == request::again::no) return;
      against |= tried;
    }
    if (against > least) return;
    if (is_barred(i)) against |= barred;
    if (against > least) return;
    if (against < least) narrowed_.clear();
    least = against;
    narrowed_.push_back(i);
  };
  if (what.among.empty()) {
    for (replica_index i = 0; i < records_.size(); ++i) consider(i);
  } else {
    for (const replica_index i : what.among) consider(i);
  }
  return narrowed_;
}

float replica_set::score(replica_index i) {
  const float kept = groups_[moment_.group].scores[i];
  return kept == scoreboard::out ? compute_score(i) : kept;
}

replica_set::best replica_set::draw_lowest(std::span<const replica_index> candidates, random_source& random) {
  const method_group& group = groups_[moment_.group];
  const auto tie = static_cast<float>(settings_->tie);
  if (are_all(candidates, group)) {
    const scoreboard::drawn found = group.scores.draw(tie, random);
    return {found.index, found.lowest, found.runner_up};
  }
  narrowed_scores_.resize(candidates.size());
  best found{candidates[0], scoreboard::out, scoreboard::out};
  for (std::size_t k = 0; k < candidates.size(); ++k) {
    narrowed_scores_[k] = score(candidates[k]);
    found.score = std::min(found.score, narrowed_scores_[k]);
  }
  std::uint32_t equals = 0;
  for (const float each : narrowed_scores_) equals += each <= found.score + tie;
  std::uint32_t left = random.below(equals);
  for (std::size_t k = 0; k < candidates.size(); ++k) {
    if (narrowed_scores_[k] <= found.score + tie && left-- == 0) {
      found.replica = candidates[k];
    } else {
      found.runner_up = std::min(found.runner_up, narrowed_scores_[k]);
    }
  }
  return found;
}

float replica_set::lowest_score(std::span<const replica_index> candidates) {
  const method_group& group = groups_[moment_.group];
  if (are_all(candidates, group)) return group.scores.lowest();
  float lowest = scoreboard::out;
  for (const replica_index i : candidates) lowest = std::min(lowest, score(i));
  return lowest;
}

bool replica_set::is_among(replica_index i, std::span<const replica_index> candidates) const {
  const method_group& group = groups_[moment_.group];
  if (are_all(candidates, group)) return group.scores[i] != scoreboard::out;
  return std::binary_search(candidates.begin(), candidates.end(), i);
}

std::optional<replica_index> replica_set::owner(std::uint64_t key, double load_max,
                                                std::span<const replica_index> candidates) {
  key_ring::owners owners = ring_.of(key);
  const double bound = fullest(load_max);
  while (const auto i = owners.next())
    if (is_among(*i, candidates) && load(*i) + 1 <= bound) return i;
  return std::nullopt;
}

std::optional<choice> replica_set::pick(policy& by, const request& what, random_source& random,
                                        time_point now) {
  const method_group& group = look(what.group, now);
  const bool anyone = what.tried.empty() && what.among.empty() && !what.only;
  const std::span<const replica_index> candidates = anyone ? group.candidates : narrowed(what);
  if (candidates.empty()) return std::nullopt;
  probe_credit_ = std::min(probe_credit_ + settings_->probes_per_call, probe_credit_max);
  unprobed_ += settings_->probes_per_call;
  choice picked;
  picked.replica = candidates[0];
  runner_up_ = 0;
  if (candidates.size() > 1) {
    picked.replica = by.pick(*this, candidates, what, random);
    picked.runner_up = runner_up_;
  }
  const record& it = records_[picked.replica];
  picked.life = it.life;
  picked.group = what.group;
  picked.score = score(picked.replica);
  picked.depth = depth(it, moment_);
  picked.bounce_at = bounce_at(picked.replica);
  picked.candidates = static_cast<std::uint32_t>(candidates.size());
  const bool before = std::find(what.tried.begin(), what.tried.end(), picked.replica) != what.tried.end();
  picked.before = before ? choice::novelty::tried : choice::novelty::fresh;
  return picked;
}

// As many as were expected there, and then as many as it takes until the next best would have been better by
// more than it costs to go there. A key is worth more than a wait, so where an owner was chosen nobody was
// compared.
std::uint32_t replica_set::bounce_at(replica_index i) const {
  const bool compared = runner_up_ > 0 && runner_up_ < scoreboard::out;
  const bool allowed = settings_->probes_per_call > 0 && probe_credit_ > -probe_credit_max;
  if (!compared || !allowed || is_unseen(i)) return 0;
  const record& it = records_[i];
  const double served = service(it, moment_) * moment_.weight;
  const double each = std::max(served / it.workers, 1e-9);  // s that one more there makes it later
  const double expected = std::max(it.own + others(it, moment_) + 1, it.workers);
  // Back from the difference of two scores to seconds: the slope of x / (1 + x).
  const double scale = moment_.cost_median + to_seconds(settings_->cost_floor);
  const double x = 1 + (cost(i, moment_) + to_seconds(settings_->cost_floor)) / scale;
  const double ahead = std::max(0.f, runner_up_ - groups_[moment_.group].scores[i]) * x * x * scale /
                       std::max(settings_->weight.cost, 1e-9);
  const double going = 2 * std::max(path(it, moment_.seconds), 0.) + bounce_share * served +
                       to_seconds(settings_->bounce_cost);
  return static_cast<std::uint32_t>(std::min(expected + (ahead + going) / each, bounce_at_max));
}

// --- Seeing --------------------------------------------------------------------------------------------

std::vector<candidate> replica_set::explain(std::uint32_t group, time_point now) const {
  replica_set copy = *this;  // looking may turn ejected into probing: not for being looked at
  copy.look(group, now);
  const double seconds = copy.moment_.seconds;
  const auto recent = [&](const record& it) {
    return it.picks * faded((seconds - it.picks_at) / share_fading);
  };
  double picks = 0;
  for (const record& it : records_) picks += recent(it);
  std::vector<candidate> all;
  for (replica_index i = 0; i < records_.size(); ++i) {
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
    one.in_flight = records_[i].own;
    one.share = picks > 0 ? recent(records_[i]) / picks : 0;
    copy.explain_standing(i, group, one);
    all.push_back(std::move(one));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const candidate& a, const candidate& b) { return a.score < b.score; });
  return all;
}

void replica_set::explain_standing(replica_index i, std::uint32_t group, candidate& one) const {
  const ejection& of_method = *groups_[group].ejection;
  const bool by_silence = silence_.state_of(i) != health::healthy;
  const ejection& which = by_silence ? silence_ : of_method;
  const health state = which.state_of(i);
  if (state == health::ejected) one.ejected_until = which.until(i);
  if (is(i, standing::unreachable) && is(i, standing::outside)) {
    one.why = "outside: beyond this node's aperture; connected to when a call must go there";
  } else if (is(i, standing::unreachable)) {
    one.why = "unreachable: no connection to it, or none that takes more";
  } else if (is(i, standing::silent)) {
    one.why = "silent: its connection does not answer";
  } else if (state != health::healthy) {
    one.why = std::string(to_string(state)) + ": " + std::string(which.why(i));
    if (which.ignored()) one.why += " (ignored: more than half are out)";
  } else if (is(i, standing::draining)) {
    one.why = "draining: it is leaving";
  }
}

}  // namespace troupe::balance
