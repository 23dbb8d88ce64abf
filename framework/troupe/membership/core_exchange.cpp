// Syncs over a stream: when one is due and with whom, who is served, and what becomes of what the other says.
// How a sync goes is sync.hpp's.
#include <algorithm>
#include <cmath>
#include <utility>

#include <troupe/membership/core.hpp>
#include <troupe/membership/jitter.hpp>

namespace troupe::membership {

namespace {

/// Exchanges in quick succession after joining, until one digest agrees.
constexpr int looks_after_join = 3;

/// Members that one sync may warn at once; further syncs and the healing loop find the others.
constexpr std::size_t warnings_max = 64;

/// Mismatches of the digest in a row before a stream is worth it: news under way explains one or two.
constexpr int mismatches_wanted = 5;

/// Members that a busy node names.
constexpr std::size_t others_named = 3;

}  // namespace

/// What this node knows, for a session to compare.
class core::knowledge final : public sync_view {
 public:
  explicit knowledge(const core& of) : of_(of) {}

  const settled_sums& sums() const override { return of_.sums_; }
  std::size_t size() const override { return of_.roster_.size(); }
  std::optional<sync_digest> find(node_id who) const override {
    const auto* known = of_.roster_.find(who);
    return known ? std::optional(digest_of(*known)) : std::nullopt;
  }
  void each(const std::function<void(const sync_digest&)>& visit) const override {
    for (const auto& known : of_.roster_) visit(digest_of(known));
  }
  std::optional<claim> tombstone_of(node_id who) const override { return of_.tombstones_.find(who); }
  update fact_of(node_id who, with_document wanted) const override {
    const auto& known = *of_.roster_.find(who);
    const bool told = wanted == with_document::yes && is_live(known.state);
    return of_.describe(known, told ? carry::document : carry::version_only);
  }

 private:
  const core& of_;
};

sync_digest core::digest_of(const known_node& whom) {
  return {whom.self, whom.incarnation, whom.document_version(), whom.state};
}

// --- When ------------------------------------------------------------------------------------------

/// As often in a large cluster as in a small one: where all agree, it costs next to nothing.
void core::exchange_periodically(time_point now, actions& out) {
  const auto period = looks_left_ > 0 ? settings_.probe_period : settings_.exchange_period;
  next_exchange_ = now + jittered(period, random_);
  if (looks_left_ > 0) --looks_left_;
  for (const auto who : pick_live(1, {})) out.syncs.push_back(roster_.find(who)->who->address);
}

/// An exchange beside the periodic ones: at most one a probe period, the last one wanted wins.
void core::request_exchange(endpoint with, time_point now, actions& out) {
  if (!with) return;
  if (now < next_extra_exchange_) {
    wanted_exchange_ = with;
    return;
  }
  next_extra_exchange_ = now + settings_.probe_period;
  out.syncs.push_back(with);
}

void core::compare_digest(const packet& what, endpoint reply_to, time_point now, actions& out) {
  if (!settings_.digests) return;
  if (what.digest == sums_.total()) {
    mismatches_ = 0;
    looks_left_ = 0;
    return;
  }
  // With news still to be told, views differ for good reason: it takes longer to believe that they do not. In
  // a large cluster, or one that loses packets, there is always news.
  if (++mismatches_ < (news_.empty() ? mismatches_wanted : 2 * mismatches_wanted)) return;
  mismatches_ = 0;
  request_exchange(reply_to, now, out);
}

/// Where all is quiet the next digest that differs asks again. Seeds are asked again by their own timer.
void core::sync_failed() { mismatches_ = std::max(mismatches_, mismatches_wanted - 1); }

// --- A session -------------------------------------------------------------------------------------

sync_session core::begin_sync(endpoint with, sync_message& opening) const {
  sync_session session(sync_session::side::initiator, self().self, with, settings_.members_max);
  // Who was alone has nothing to tell about the others that they do not know; else a joiner of a large
  // cluster would gossip all of it.
  session.retold = !alone();
  opening = session.open(knowledge(*this));
  return session;
}

sync_session core::serve_sync() const {
  sync_session session(sync_session::side::responder, self().self, {}, settings_.members_max);
  session.retold = !alone();
  return session;
}

sync_message core::ask_presence(identity target) const {
  sync_message ping;
  ping.kind = sync_kind::ping;
  ping.from = self().self;
  ping.target = target;
  return ping;
}

result<std::optional<sync_message>> core::receive_sync(sync_session& session, const sync_message& what,
                                                       time_point now, actions& out) {
  if (auto fine = session.admit(what); !fine) {
    ++counters_.broken_syncs;
    return fine.error();
  }
  heard_from(what.from, now);
  note_contact(now);
  if (what.kind == sync_kind::ping) return prove_presence(session, what);
  if (what.kind == sync_kind::busy) return go_elsewhere(session, what, out);
  if (what.from == self().self) return meet_oneself(session);
  if (what.kind == sync_kind::open) {
    if (!running() || is_busy(now)) return send_elsewhere(session);
    session.admitted = true;
    ++syncs_served_;
  }
  if (running() && what.from.node) take_facts(session, what, now, out);
  release_events(now, out);
  if (!running()) return error{code::unavailable, "node " + self().who->name + " has left the cluster"};
  auto outcome = session.answer(what, knowledge(*this));
  for (const auto& gone : outcome.gone) learn_tombstone(gone, {}, now, out);
  release_events(now, out);
  std::vector<update> notes;
  for (const auto who : outcome.contradicted)
    notes.push_back(describe(*roster_.find(who), carry::version_only));
  contradict(session, std::move(notes), out);
  if (outcome.answer) {
    const auto bytes = size_bound(*outcome.answer);
    counters_.sync_bytes += bytes;
    if (session.admitted) sync_bytes_left_ -= static_cast<double>(bytes);
  }
  if (session.done()) {
    ++counters_.syncs;
    mismatches_ = 0;
  }
  return std::move(outcome.answer);
}

void core::end_sync(sync_session& session) {
  if (std::exchange(session.admitted, false)) --syncs_served_;
  if (session.which() == sync_session::side::initiator && (!session.done() || session.refused()))
    sync_failed();
}

// --- Instead of a sync -----------------------------------------------------------------------------

core::sync_answer core::prove_presence(sync_session& session, const sync_message& what) {
  if (what.target != self().self || !running())
    return error{code::not_found, "a stream ping for another process than node " + self().who->name};
  session.finish();
  sync_message pong;
  pong.kind = sync_kind::pong;
  pong.from = self().self;
  return std::optional(std::move(pong));
}

/// A seed that is this node under another address.
core::sync_answer core::meet_oneself(sync_session& session) {
  session.finish();
  joined_ = true;
  next_join_ = never;
  if (session.which() == sync_session::side::initiator) return std::optional<sync_message>();
  sync_message nothing;
  nothing.from = self().self;
  return std::optional(std::move(nothing));
}

bool core::is_busy(time_point now) {
  const auto rate = static_cast<double>(settings_.sync_bytes_per_second);
  const auto saved = to_seconds(now - sync_bytes_at_) * rate;
  sync_bytes_left_ = std::min(rate, sync_bytes_left_ + std::max(0.0, saved));
  sync_bytes_at_ = now;
  return roster_.live() > 2 && (syncs_served_ >= settings_.syncs_served_max || sync_bytes_left_ < 0);
}

core::sync_answer core::send_elsewhere(sync_session& session) {
  ++counters_.refused_syncs;
  session.refuse();
  sync_message busy;
  busy.kind = sync_kind::busy;
  busy.from = self().self;
  for (const auto who : pick_live(others_named, session.peer().node))
    busy.others.push_back(roster_.find(who)->who->address);
  return std::optional(std::move(busy));
}

/// A joiner tries one of the others at once, a few times; its seeds again after join_retry.
core::sync_answer core::go_elsewhere(sync_session& session, const sync_message& what, actions& out) {
  session.refuse();
  if (joined_ || what.others.empty() || referrals_left_ <= 0) return std::optional<sync_message>();
  --referrals_left_;
  const auto& other = what.others[random_.below(static_cast<std::uint32_t>(what.others.size()))];
  if (other && !other.is_unspecified() && other != self().who->address) out.syncs.push_back(other);
  return std::optional<sync_message>();
}

// --- What the other says ---------------------------------------------------------------------------

void core::take_facts(sync_session& session, const sync_message& what, time_point now, actions& out) {
  joined_ = true;
  next_join_ = never;
  const bool was_alone = alone();
  auto teller = session.with();
  if (const auto* known = roster_.find(what.from.node); !teller && known && known->self == what.from)
    teller = known->who->address;
  const provenance how{channel::stream, session.retold ? retelling::announce : retelling::keep, what.from,
                       teller};
  std::vector<update> notes;
  for (const auto& fact : what.facts) {
    learn(fact, how, now, out);
    if (!running()) return;
    if (auto note = contradiction_of(fact)) notes.push_back(std::move(*note));
  }
  for (const auto& stone : what.tombstones) {
    learn_tombstone(stone, how, now, out);
    if (!running()) return;
  }
  contradict(session, std::move(notes), out);
  if (!was_alone || alone()) return;
  announce(self(), urgency::join, carry::document, now);
  push(now, out);
  // Who joined in the same second is in nobody's view yet; further looks soon find them.
  looks_left_ = looks_after_join;
  next_exchange_ = std::min(next_exchange_, now + jittered(settings_.probe_period, random_));
}

void core::learn_tombstone(const sync_digest& stone, const provenance& how, time_point now, actions& out) {
  const auto* known = roster_.find(stone.subject.node);
  if (!known) {
    // Never met and gone already: only remembered, so that old news of it is not believed.
    tombstones_.bury(stone.subject.node, {stone.subject.epoch, stone.incarnation, stone.state});
    return;
  }
  // Dead in an incarnation whose attributes are not known here: it is told of whole, the next time.
  if (stone.state == state::dead && stone.subject.epoch == known->self.epoch &&
      stone.incarnation != known->incarnation)
    return;
  auto news = describe(*known, carry::version_only);
  news.subject = stone.subject;
  news.incarnation = stone.incarnation;
  news.state = stone.state;
  news.accuser = stone.state == state::dead ? how.teller.node : node_id{};
  learn(news, how, now, out);
}

/// The other side holds somebody alive whom this one holds dead, or buried, at the same incarnation. Only it
/// itself can set that right, so it is told.
std::optional<update> core::contradiction_of(const update& fact) const {
  if (!is_live(fact.state) || fact.subject.node == self_ || !is_plausible(fact)) return std::nullopt;
  const auto* known = roster_.find(fact.subject.node);
  const auto held = known ? std::optional(claim{known->self.epoch, known->incarnation, known->state})
                          : tombstones_.find(fact.subject.node);
  if (!held || held->epoch != fact.subject.epoch || held->state != state::dead) return std::nullopt;
  update note = fact;
  note.incarnation = held->incarnation;
  note.state = state::dead;
  note.accuser = self_;
  note.document.reset();
  return note;
}

/// Each note goes to its subject. Of too many, a random few: the next node that syncs tells others.
void core::contradict(sync_session& session, std::vector<update> notes, actions& out) {
  random_.sample(notes, warnings_max - session.warnings);
  session.warnings += notes.size();
  for (auto& note : notes) warn(std::move(note), cargo::news, out);
}

}  // namespace troupe::membership
