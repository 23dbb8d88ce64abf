#include <utility>

#include <troupe/membership/observation.hpp>

namespace troupe::membership {

using membership::member;
using membership::state;
using membership::sync_digest;

namespace {

sync_digest digest_of(const member& known) {
  return {known.self, known.incarnation, known.document.version, known.state};
}

}  // namespace

std::optional<sync_digest> observation::find(node_id who) const {
  const auto found = members_.find(who);
  return found == members_.end() ? std::nullopt : std::optional(digest_of(found->second));
}

void observation::each(const std::function<void(const sync_digest&)>& visit) const {
  for (const auto& [who, known] : members_) visit(digest_of(known));
}

/// Nobody asks an observer for facts. Whoever does gets what makes no sense to anybody.
membership::update observation::fact_of(node_id who, with_document) const {
  membership::update fact;
  const auto& known = members_.at(who);
  fact.subject = known.self;
  fact.incarnation = known.incarnation;
  fact.state = known.state;
  fact.who = membership::make_attributes(known.name, known.address);
  return fact;
}

membership::sync_session observation::begin(endpoint with, membership::sync_message& opening) const {
  using membership::sync_session;
  sync_session session(sync_session::side::initiator, {}, with, members_max_);
  opening = session.open(*this);
  return session;
}

result<std::optional<membership::sync_message>> observation::receive(membership::sync_session& session,
                                                                     const membership::sync_message& what,
                                                                     time_point now,
                                                                     std::vector<member>& changed) {
  if (auto fine = session.admit(what); !fine) return fine.error();
  if (what.kind == membership::sync_kind::busy) {
    session.refuse();
    return std::optional<membership::sync_message>();
  }
  for (const auto& fact : what.facts) {
    if (fact.state == state::suspect) suspects_.insert(fact.subject.node);
    if (take(fact, now)) changed.push_back(members_.at(fact.subject.node));
  }
  for (const auto& stone : what.tombstones)
    if (const auto found = members_.find(stone.subject.node); found != members_.end() &&
                                                              found->second.self == stone.subject &&
                                                              stand(found->second, stone.state, {}, now))
      changed.push_back(found->second);
  auto outcome = session.answer(what, *this);
  if (!session.done()) return std::move(outcome.answer);
  made_ = true;
  // Suspects are named each time; whoever is not named any more was not at fault.
  for (auto& [who, known] : members_)
    if (known.state == state::suspect && !suspects_.contains(who) && stand(known, state::alive, {}, now))
      changed.push_back(known);
  suspects_.clear();
  return std::move(outcome.answer);
}

bool observation::stand(member& known, state next, node_id accuser, time_point now) {
  if (known.state == next && known.accuser == accuser) return false;
  sums_.remove(digest_of(known));
  if (known.state != next) known.since = now;
  known.state = next;
  known.accuser = accuser;
  sums_.add(digest_of(known));
  return true;
}

/// False: nothing has changed.
bool observation::take(const membership::update& fact, time_point now) {
  const auto who = fact.subject.node;
  if (!fact.who || (!members_.contains(who) && members_.size() >= members_max_)) return false;
  const auto [place, is_new] = members_.try_emplace(who);
  auto& known = place->second;
  const auto newer_life = is_new || fact.subject.epoch > known.self.epoch;
  if (!newer_life && (fact.subject.epoch < known.self.epoch || fact.incarnation < known.incarnation))
    return false;
  if (!is_new) sums_.remove(digest_of(known));
  bool changed = newer_life || fact.incarnation > known.incarnation;
  if (newer_life) {
    known = {};
    known.self = fact.subject;
    known.state = fact.state;
    known.since = now;
  }
  known.incarnation = fact.incarnation;
  known.mode = fact.mode;
  known.worker_lag = fact.worker_lag;
  known.name = fact.who->name;
  known.address = fact.who->address;
  if (fact.document && fact.document->version > known.document.version) {
    known.document = *fact.document;
    changed = true;
  }
  sums_.add(digest_of(known));
  return stand(known, fact.state, fact.accuser, now) || changed;
}

}  // namespace troupe::membership
