#include <algorithm>

#include <troupe/balance/evidence.hpp>
#include <troupe/balance/expectation.hpp>
#include <troupe/base/fading.hpp>
#include <troupe/base/hash.hpp>

namespace troupe::balance {

namespace {

constexpr double refresh_every = .01;         // s; medians of all are this old at most,
constexpr double refresh_per_replica = 1e-5;  // s; or older where there are thousands
constexpr double path_fading = .5;            // s

}  // namespace

evidence::evidence(const options& settings, std::uint64_t salt, time_point now)
    : settings_(&settings),
      salt_(salt),
      born_(now),
      silence_(settings.ejection, salt),
      methods_(groups_max) {}

// --- Who is there --------------------------------------------------------------------------------------

void evidence::add(replica_index replica) {
  if (replica == replicas_.size()) {
    replicas_.emplace_back();
    scratch_.reserve(replicas_.capacity());
    silenced_.reserve(replicas_.capacity());
  }
  replicas_[replica] = {};
  silence_.reset(replica, true);
  for (const std::uint32_t group : used_) {
    methods_[group]->reset(replica, true);
    methods_[group]->forget();
  }
  usual_.forget();
}

void evidence::remove(replica_index replica) {
  usual_.ended(replicas_[replica].own);
  replicas_[replica] = {};
  silence_.reset(replica, false);
  for (const std::uint32_t group : used_) methods_[group]->reset(replica, false);
  usual_.forget();
}

method_evidence& evidence::use(std::uint32_t group) {
  std::optional<method_evidence>& it = methods_[group];
  if (it) return *it;
  it.emplace(*settings_, mix(salt_ + group));
  // The last one first, so that nothing grows more than once.
  for (auto i = static_cast<replica_index>(replicas_.size()); i-- > 0;) it->reset(i, silence_.is_present(i));
  used_.push_back(group);
  return *it;
}

// --- Events --------------------------------------------------------------------------------------------

void evidence::began(replica_index replica, std::uint32_t group, time_point now) {
  replicas_[replica].began(settings_->ejection.silent_in_flight_min, seconds_at(now));
  usual_.began();
  silence_.began(replica, now);
  use(group).ejection().began(replica, now);
}

void evidence::ended(replica_index replica, const completion& how, time_point now) {
  replica_evidence& it = replicas_[replica];
  const double seconds = seconds_at(now);
  method_evidence& method = use(how.group);
  it.ended(seconds_at(how.started));
  usual_.ended();
  if (how.load != nullptr) {
    const auto why = how.outcome == outcome::bounced      ? asked_by::bounce
                     : how.outcome == outcome::overloaded ? asked_by::probe
                                                          : asked_by::request;
    take_report(it, *how.load, why, seconds);
  }
  if (how.outcome != outcome::withdrawn) it.unanswered = it.own;
  switch (how.outcome) {
    case outcome::success:
    case outcome::error:
      return answered(replica, method, how, now);
    case outcome::failure:
      at_least(it, method, how, seconds);
      method.count(replica, outcome_counts::end::failure, seconds);
      method.ejection().failed(replica, how.started, now);
      silence_.abandoned(replica, how.started, now);
      return;
    case outcome::overloaded:
      it.cut_capacity(seconds);
      silence_.heard(replica, now);
      break;
    case outcome::bounced:
      silence_.heard(replica, now);
      break;
    case outcome::withdrawn:  // still unanswered: giving up on a silent replica does not make it talk
      at_least(it, method, how, seconds);
      break;
    case outcome::lost:
      break;
  }
  method.ejection().abandoned(replica, how.started, now);
  silence_.abandoned(replica, how.started, now);
}

void evidence::answered(replica_index i, method_evidence& of, const completion& how, time_point now) {
  replica_evidence& it = replicas_[i];
  const double seconds = seconds_at(now);
  const bool with_error = how.outcome == outcome::error;
  // An error that its peers do not have comes quickly, and says nothing of how quick it is at the real thing.
  if (with_error && of.counts(i).excess_errors(of.at(), *settings_) > 0)
    at_least(it, of, how, seconds);
  else
    take_latency(i, of, how, now);
  of.count(i, with_error ? outcome_counts::end::error : outcome_counts::end::success, seconds);
  if (it.is_unseen()) it.warm_since = seconds;
  it.last_answer = seconds;
  const bool back = of.ejection().succeeded(i, how.started, now);
  if (!silence_.succeeded(i, how.started, now) && !back) return;
  it.warm_since = seconds;
  it.samples = 0;
  of.forget_outcomes(i, seconds);
}

void evidence::link_broke(replica_index replica, time_point now) {
  const double seconds = seconds_at(now);
  for (const std::uint32_t group : used_)
    methods_[group]->count(replica, outcome_counts::end::failure, seconds);
  replicas_[replica].reported = -1;
}

void evidence::probed(replica_index replica, const rpc::load_report& load, time_point now) {
  take_report(replicas_[replica], load, asked_by::probe, seconds_at(now));
  silence_.heard(replica, now);
}

bool evidence::watch(std::span<const time_point> sent, time_point now) {
  duration bound = settings_->ejection.silence_min;
  for (const std::uint32_t group : used_) bound = std::max(bound, 3 * methods_[group]->p99());
  const std::uint64_t before = silence_.changes();
  const std::uint32_t enough = settings_->ejection.silent_in_flight_min;
  silenced_.clear();
  for (replica_index i = 0; i < replicas_.size(); ++i) {
    const replica_evidence& it = replicas_[i];
    if (silence_.state_of(i) == health::ejected) silenced_.push_back(i);
    if (it.unanswered >= enough) {
      silence_.watch_silence(i, it.unanswered, time_at(it.waiting_since), bound, now);
    } else if (sent[i] != never) {  // a probe is answered even by a busy server: one is enough
      silence_.watch_silence(i, enough, sent[i], bound, now);
    }
  }
  return silence_.changes() != before;
}

// --- What an answer tells ------------------------------------------------------------------------------

void evidence::take_report(replica_evidence& it, const rpc::load_report& load, asked_by why, double seconds) {
  const double taken = seconds - to_seconds(load.age);
  if (!it.take_load(load, why, taken) || load.service_time <= 0s) return;
  const double served = to_seconds(load.service_time);
  const double usually = usual_.service();
  if (it.service > 0 && usually > 0) trust_.learn(it.service / usually, served / usually);
  it.service = served;
  it.service_at = taken - to_seconds(load.service_age);
}

void evidence::take_latency(replica_index i, method_evidence& of, const completion& how, time_point now) {
  replica_evidence& it = replicas_[i];
  const double seconds = seconds_at(now);
  const double trip = std::max(0., to_seconds(now - how.started));
  double served = trip / how.depth;
  ++it.samples;
  if (how.load != nullptr && how.load->service_time > 0s) {
    served = service_reported(it, how, trip, seconds);
  } else {
    fold_service(it, served, seconds);
  }
  const bool slow = of.is_slow(trip, how.depth, usual_.path());
  of.learn({now - how.started, served, it.service}, now, seconds);
  of.ejection().paced(i, slow ? ejection::pace::dragging : ejection::pace::usual, now);
}

// What the report leaves unexplained of the round trip is its path's; what the path leaves is the request's.
double evidence::service_reported(replica_evidence& it, const completion& how, double trip, double seconds) {
  const double wait = to_seconds(how.load->queue_delay);
  const double left = trip - wait - to_seconds(how.load->service_time);
  const double since = it.is_unseen() ? 1e9 : seconds - it.last_answer;
  const double fresh = std::max(1 - faded(since / path_fading), 1 / it.samples);
  it.path = expected_path(it, usual_.path(), seconds, *settings_) * (1 - fresh) + left * fresh;
  usual_.learn_path(left, seconds);
  return std::clamp(trip - wait - std::max(it.path, 0.), .1 * trip, trip);
}

// A call that nobody waited for has told how long it takes at least, and a failure that it took so long.
void evidence::at_least(replica_evidence& it, const method_evidence& of, const completion& how,
                        double seconds) {
  if (!of.is_measured()) return;
  const moment& at = of.at();
  const double path = std::max(expected_path(it, usual_.path(), seconds, *settings_), 0.);
  const double sample = (seconds - seconds_at(how.started) - path) / (how.depth * at.weight);
  if (sample > expected_service(it, at, at.refreshed, *settings_)) fold_service(it, sample, seconds);
}

void evidence::fold_service(replica_evidence& it, double sample, double seconds) {
  const double usually = usual_.service() > 0 ? usual_.service() : sample;
  it.fold_service(sample, usually, to_seconds(settings_->latency_decay), seconds);
}

// --- Looks ---------------------------------------------------------------------------------------------

const method_evidence& evidence::look(std::uint32_t group, time_point now) {
  method_evidence& it = use(group);
  const double seconds = seconds_at(now);
  const double stale_after = std::max(refresh_every, refresh_per_replica * static_cast<double>(size()));
  if (it.is_due(seconds, stale_after)) {
    usual_.refresh(replicas_, seconds, scratch_);
    it.refresh(usual_, trust_.value(), replicas_, seconds, scratch_);
  }
  it.look(seconds, usual_, silence_.present());
  return it;
}

void evidence::turn(replica_index replica, std::uint32_t group, time_point now) {
  silence_.turn(replica, now);
  if (!silence_.bars(replica)) methods_[group]->ejection().turn(replica, now);
}

time_point evidence::next_turn(std::uint32_t group, time_point now) const {
  return std::min(of_method(group).ejection().next_turn(now), silence_.next_turn(now));
}

}  // namespace troupe::balance
