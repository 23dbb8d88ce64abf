#include <algorithm>
#include <functional>
#include <utility>

#include <troupe/membership/learner.hpp>
#include <troupe/membership/step.hpp>
#include <troupe/membership/sync_desk.hpp>

namespace troupe::membership {

namespace {

/// Members that one sync may warn at once; further syncs and the healing loop find the others.
constexpr std::size_t warnings_max = 64;

/// Members that a busy node names.
constexpr std::size_t others_named = 3;

/// What this node knows, for a session to compare.
class knowledge final : public sync_view {
 public:
  explicit knowledge(const member_table& of) : of_(of) {}

  const settled_sums& sums() const override { return of_.sums(); }
  std::size_t size() const override { return of_.everybody().size(); }
  std::optional<sync_digest> find(node_id who) const override {
    const auto* known = of_.find(who);
    return known ? std::optional(digest_of(*known)) : std::nullopt;
  }
  void each(const std::function<void(const sync_digest&)>& visit) const override {
    for (const auto& known : of_.everybody()) visit(digest_of(known));
  }
  std::optional<claim> tombstone_of(node_id who) const override { return of_.buried().find(who); }
  update fact_of(node_id who, with_document wanted) const override {
    const auto& known = *of_.find(who);
    const bool told = wanted == with_document::yes && is_live(known.state);
    return of_.describe(known, told ? carry::document : carry::version_only);
  }

 private:
  const member_table& of_;
};

}  // namespace

sync_desk::sync_desk(const options& settings, time_point now)
    : bytes_left_(static_cast<double>(settings.sync_bytes_per_second)), counted_at_(now) {}

// --- Sessions --------------------------------------------------------------------------------------

sync_session sync_desk::begin(const member_table& table, const options& settings, endpoint with,
                              sync_message& opening) {
  sync_session session(sync_session::side::initiator, table.own(), with, settings.members_max);
  // Who was alone has nothing to tell about the others that they do not know; else a joiner of a large
  // cluster would gossip all of it.
  session.retold = !table.is_alone();
  opening = session.open(knowledge(table));
  return session;
}

sync_session sync_desk::serve(const member_table& table, const options& settings) {
  sync_session session(sync_session::side::responder, table.own(), {}, settings.members_max);
  session.retold = !table.is_alone();
  return session;
}

bool sync_desk::end(sync_session& session) {
  if (std::exchange(session.admitted, false)) --served_;
  return session.which() == sync_session::side::responder || (session.done() && !session.refused());
}

// --- Who is served ---------------------------------------------------------------------------------

bool sync_desk::admit(sync_session& session, const step& at) {
  if (!at.table.is_running() || is_busy(at)) return false;
  session.admitted = true;
  ++served_;
  return true;
}

bool sync_desk::is_busy(const step& at) {
  const auto rate = static_cast<double>(at.settings.sync_bytes_per_second);
  const auto saved = to_seconds(at.now - counted_at_) * rate;
  bytes_left_ = std::min(rate, bytes_left_ + std::max(0.0, saved));
  counted_at_ = at.now;
  return at.table.live() > 2 && (served_ >= at.settings.syncs_served_max || bytes_left_ < 0);
}

sync_desk::answer sync_desk::send_elsewhere(sync_session& session, const step& at) {
  ++at.counted.refused_syncs;
  session.refuse();
  sync_message busy;
  busy.kind = sync_kind::busy;
  busy.from = at.table.own();
  for (const auto who : at.pick_live(others_named, session.peer().node))
    busy.others.push_back(at.table.find(who)->who->address);
  return std::optional(std::move(busy));
}

sync_desk::answer sync_desk::prove_presence(sync_session& session, const sync_message& ping, const step& at) {
  const auto& mine = at.table.self();
  if (ping.target != mine.self || !at.table.is_running())
    return error{code::not_found, "a stream ping for another process than node " + mine.who->name};
  session.finish();
  sync_message pong;
  pong.kind = sync_kind::pong;
  pong.from = mine.self;
  return std::optional(std::move(pong));
}

sync_desk::answer sync_desk::meet_oneself(sync_session& session, const step& at) {
  session.finish();
  if (session.which() == sync_session::side::initiator) return std::optional<sync_message>();
  sync_message nothing;
  nothing.from = at.table.own();
  return std::optional(std::move(nothing));
}

// --- What the other says ---------------------------------------------------------------------------

provenance sync_desk::provenance_of(const sync_session& session, const sync_message& message,
                                    const step& at) {
  auto teller = session.with();
  if (const auto* known = at.table.find(message.from.node); !teller && known && known->self == message.from)
    teller = known->who->address;
  return {channel::stream, session.retold ? retelling::announce : retelling::keep, message.from, teller};
}

std::optional<update> sync_desk::contradiction_of(const update& fact, const step& at) {
  const auto who = fact.subject.node;
  if (!is_live(fact.state) || who == at.table.self_id() || !is_plausible(fact, at.settings))
    return std::nullopt;
  const auto* known = at.table.find(who);
  const auto held = known ? std::optional(claim_of(*known)) : at.table.buried().find(who);
  if (!held || held->epoch != fact.subject.epoch || held->state != state::dead) return std::nullopt;
  update note = fact;
  note.incarnation = held->incarnation;
  note.state = state::dead;
  note.accuser = at.table.self_id();
  note.document.reset();
  return note;
}

void sync_desk::contradict(sync_session& session, std::vector<update> notes, const step& at) {
  at.random.sample(notes, warnings_max - session.warnings);
  session.warnings += notes.size();
  for (auto& note : notes) at.warn(std::move(note), cargo::news);
}

sync_outcome sync_desk::reply(sync_session& session, const sync_message& message, const step& at) {
  return session.answer(message, knowledge(at.table));
}

void sync_desk::conclude(sync_session& session, const sync_outcome& outcome, const step& at) {
  std::vector<update> notes;
  for (const auto who : outcome.contradicted)
    notes.push_back(at.table.describe(*at.table.find(who), carry::version_only));
  contradict(session, std::move(notes), at);
  if (outcome.answer) {
    const auto bytes = size_bound(*outcome.answer);
    at.counted.sync_bytes += bytes;
    if (session.admitted) bytes_left_ -= static_cast<double>(bytes);
  }
  if (!session.done()) return;
  ++at.counted.syncs;
  at.syncs.agreed();
}

}  // namespace troupe::membership
