#include <algorithm>
#include <utility>

#include <troupe/balance/bounce.hpp>
#include <troupe/balance/candidates.hpp>
#include <troupe/balance/explain.hpp>
#include <troupe/balance/policy.hpp>
#include <troupe/balance/replica_set.hpp>

namespace troupe::balance {

replica_set::replica_set(const options& settings, std::uint64_t salt, time_point now)
    : settings_(&settings), evidence_(settings, salt, now), probing_(settings), lists_(groups_max) {}

// --- Who is there --------------------------------------------------------------------------------------

replica_index replica_set::add(replica_facts facts) {
  const replica_index i = presence_.add(std::move(facts));
  evidence_.add(i);
  probing_.reset(i);
  shares_.reset(i);
  narrowed_.reserve(presence_.size());
  candidates_changed();
  return i;
}

void replica_set::describe(replica_index replica, replica_facts facts) {
  presence_.describe(replica, std::move(facts));
  touch(replica);
}

void replica_set::remove(replica_index replica) {
  presence_.remove(replica);
  evidence_.remove(replica);
  probing_.reset(replica);
  shares_.reset(replica);
  candidates_changed();
}

void replica_set::set(replica_index replica, standing what, bool holds) {
  if (!presence_.set(replica, what, holds)) return;
  if (what == standing::mute) probing_.reset(replica);
  if (what != standing::outside && what != standing::mute) candidates_changed();
}

void replica_set::touch(replica_index replica) {
  for (const std::uint32_t group : evidence_.groups()) lists_[group].touch(replica);
}

void replica_set::candidates_changed() {
  for (const std::uint32_t group : evidence_.groups()) lists_[group].forget();
}

// --- Evidence ------------------------------------------------------------------------------------------

void replica_set::began(const choice& what, time_point now) {
  evidence_.began(what.replica, what.group, now);
  shares_.picked(what.replica, evidence_.seconds_at(now));
  touch(what.replica);
}

void replica_set::ended(replica_index replica, std::uint32_t life, const completion& how, time_point now) {
  if (presence_.life_of(replica) != life) return;
  touch(replica);
  if (how.load != nullptr && how.load->has(rpc::load_flag::draining)) set(replica, standing::draining, true);
  if (how.outcome == outcome::bounced) probing_.pay_bounce();
  evidence_.ended(replica, how, now);
}

void replica_set::link_broke(replica_index replica, time_point now) {
  evidence_.link_broke(replica, now);
  touch(replica);
}

void replica_set::watch(time_point now) {
  if (evidence_.watch(probing_.sent(), now)) candidates_changed();
}

// --- Probes --------------------------------------------------------------------------------------------

std::optional<replica_index> replica_set::probe_due(random_source& random, time_point now) {
  const auto drawn = probing_.draw(lists_[looked_].all(), evidence_.silenced(), random);
  if (!drawn || is(*drawn, standing::unreachable) || is(*drawn, standing::mute)) return std::nullopt;
  return probing_.send(*drawn, now) ? drawn : std::nullopt;
}

void replica_set::probed(replica_index replica, std::uint32_t life, const rpc::load_report& load,
                         time_point now) {
  if (presence_.life_of(replica) != life || !probing_.answered(replica)) return;
  if (load.has(rpc::load_flag::draining)) set(replica, standing::draining, true);
  evidence_.probed(replica, load, now);
  touch(replica);
}

// --- Choosing ------------------------------------------------------------------------------------------

estimates replica_set::look(std::uint32_t group, time_point now) {
  const estimates seen(*settings_, presence_, evidence_, evidence_.look(group, now));
  shortlist& list = lists_[group];
  looked_ = group;
  if (list.holds(seen.now().seconds, evidence_.changes(group), now)) {
    list.refresh(seen);
  } else {
    turn_ejected(group, now);
    list.make(seen, {evidence_.changes(group), evidence_.next_turn(group, now)});
  }
  return seen;
}

// Who cannot be reached stays as it is: the list is made anew, and it has its turn, when it can.
void replica_set::turn_ejected(std::uint32_t group, time_point now) {
  if (evidence_.next_turn(group, time_point::min()) > now) return;
  for (replica_index i = 0; i < presence_.size(); ++i)
    if (!is(i, standing::unreachable) && !is(i, standing::silent)) evidence_.turn(i, group, now);
}

std::optional<choice> replica_set::pick(policy& by, const request& what, random_source& random,
                                        time_point now) {
  const estimates seen = look(what.group, now);
  const shortlist& list = lists_[what.group];
  const bool anyone = what.tried.empty() && what.among.empty() && !what.only;
  if (!anyone) narrow(seen, what, narrowed_);
  const candidates among =
      anyone ? candidates(seen, list, scores_) : candidates(seen, list, narrowed_, scores_);
  if (among.empty()) return std::nullopt;
  return choose(by, among, what, random);
}

choice replica_set::choose(policy& by, const candidates& among, const request& what, random_source& random) {
  probing_.earn();
  const preference wanted = among.size() > 1 ? by.pick(among, what, random) : preference{among[0]};
  choice it;
  it.replica = wanted.replica;
  it.life = presence_.life_of(wanted.replica);
  it.group = what.group;
  it.score = among.score(wanted.replica);
  it.depth = among.depth(wanted.replica);
  it.candidates = among.size();
  it.runner_up = wanted.runner_up;
  it.bounce_at = bounce_at(among, wanted);
  const bool before = std::find(what.tried.begin(), what.tried.end(), wanted.replica) != what.tried.end();
  it.before = before ? choice::novelty::tried : choice::novelty::fresh;
  return it;
}

// Only where another one was compared: a key is worth more than a wait, so where an owner was chosen nobody
// was.
std::uint32_t replica_set::bounce_at(const candidates& among, const preference& picked) const {
  const bool compared = picked.runner_up > 0 && picked.runner_up < scoreboard::out;
  if (!compared || !probing_.may_bounce() || among.is_unseen(picked.replica)) return 0;
  const replica_evidence& it = evidence_.of(picked.replica);
  const moment& now = among.now();
  const bounce_inputs inputs{
      .expected = it.own + expected_others(it, now) + 1,
      .workers = it.workers,
      .service = expected_service(it, now, now.seconds, *settings_) * now.weight,
      .path = expected_path(it, now.path, now.seconds, *settings_),
      .cost = among.cost(picked.replica),
      .cost_median = now.cost_median,
      .score = among.kept_score(picked.replica),
      .runner_up = picked.runner_up,
  };
  return bounce_threshold(inputs, *settings_);
}

// --- Seeing --------------------------------------------------------------------------------------------

duration replica_set::median_round_trip(std::uint32_t group) const {
  const method_evidence* of = evidence_.find_method(group);
  return of != nullptr ? of->p50() : duration{0};
}

duration replica_set::p95_round_trip(std::uint32_t group) const {
  const method_evidence* of = evidence_.find_method(group);
  return of != nullptr ? of->p95() : duration{0};
}

duration replica_set::p99_round_trip(std::uint32_t group) const {
  const method_evidence* of = evidence_.find_method(group);
  return of != nullptr ? of->p99() : duration{0};
}

double replica_set::hot(std::uint32_t group) const {
  const method_evidence* of = evidence_.find_method(group);
  return of != nullptr ? of->at().hot : 0;
}

std::vector<candidate> replica_set::explain(std::uint32_t group, time_point now) const {
  return balance::explain(*settings_, presence_, evidence_, shares_, group, now);
}

}  // namespace troupe::balance
