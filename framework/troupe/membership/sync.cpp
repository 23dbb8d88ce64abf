#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include <troupe/membership/sync.hpp>

namespace troupe::membership {

namespace {

/// Level of the sums in an opening: 32 sums fit into a packet, and one change then costs one bucket in 32
/// more.
constexpr int opening_level_max = 5;
/// Who knows no more than these sends their digests at once, which take no more room than sums.
constexpr std::size_t digests_at_once_max = 8;
/// A digest takes as much as four or five sums.
constexpr std::size_t sums_a_digest = 4;

bool expects_answer(const sync_message& what) {
  return what.kind == sync_kind::open || what.more || !what.sums.empty() || !what.covered.empty() ||
         !what.digests.empty() || !what.wants.empty() || !what.facts.empty();
}

bool says_nothing(const sync_message& what) {
  return what.sums.empty() && what.covered.empty() && what.digests.empty() && what.wants.empty() &&
         what.facts.empty() && what.tombstones.empty();
}

error bad(std::string text) { return {code::invalid_argument, std::move(text)}; }
error untimely(std::string text) { return {code::failed_precondition, std::move(text)}; }

/// Whether the ranges that `of` names of each entry are below 2^level and ascend: none is named twice.
template <class List, class Of>
bool ascends(const List& list, int level, Of&& of) {
  std::size_t least = 0;
  for (const auto& entry : list) {
    const std::size_t range = of(entry);
    if (range < least || range >= std::size_t{1} << level) return false;
    least = range + 1;
  }
  return true;
}

}  // namespace

// --- What is refused -------------------------------------------------------------------------------

sync_session::sync_session(side which, identity self, endpoint with, std::size_t members_max)
    : side_(which), self_(self), with_(with), members_max_(members_max) {}

result<void> sync_session::admit(const sync_message& what) {
  const bool first = phase_ != phase::talking;
  if (done_) return untimely("a message after the end of its sync");
  if (first && (side_ == side::initiator) != (phase_ == phase::opened))
    return untimely("a message before the opening of its sync");
  const bool begins = what.kind == sync_kind::open || what.kind == sync_kind::ping;
  if (begins != (first && side_ == side::responder) || what.kind == sync_kind::pong ||
      (what.kind == sync_kind::busy && !first))
    return untimely("a message of kind " + std::to_string(static_cast<int>(what.kind)) +
                    " at the wrong point of a sync");
  if (static_cast<bool>(what.from.node) != static_cast<bool>(what.from.epoch) ||
      (!what.from.node && side_ == side::initiator))
    return bad("a sync with nobody");
  if (!first && what.from != peer_) return bad("a sync that changes hands");
  if (what.others.size() > sync_others_max)
    return bad("a busy node names " + std::to_string(what.others.size()) + " others; at most " +
               std::to_string(sync_others_max));
  if (what.more && says_nothing(what)) return bad("an empty message that promises more");
  if (auto fine = check_sums(what); !fine) return fine;
  if (auto fine = check_digests(what); !fine) return fine;
  if (auto fine = count(what); !fine) return fine;
  if (what.kind == sync_kind::open) {
    bits_ = what.bits;
    their_members_ = what.members;
  }
  peer_ = what.from;
  phase_ = phase::talking;
  return {};
}

result<void> sync_session::check_sums(const sync_message& what) const {
  const bool opens = what.kind == sync_kind::open;
  if (opens && (what.bits < settled_sums::bits_min || what.bits > settled_sums::bits_max))
    return bad("a sync over 2^" + std::to_string(what.bits) + " buckets; it must be from 2^" +
               std::to_string(settled_sums::bits_min) + " to 2^" + std::to_string(settled_sums::bits_max));
  if (what.sums.empty()) return {};
  if (!opens && (side_ == side::responder || phase_ != phase::opened))
    return untimely("sums that were not asked for");
  const int level = opens ? std::min<int>(what.bits, opening_level_max) : bits_;
  if (what.sums_level != level || (opens && what.sums.size() != std::size_t{1} << level) ||
      !ascends(what.sums, level, [](const range_sum& each) { return each.range; }))
    return bad("sums of ranges that do not fit: level " + std::to_string(what.sums_level) + ", " +
               std::to_string(what.sums.size()) + " of them, expected level " + std::to_string(level));
  return {};
}

result<void> sync_session::check_digests(const sync_message& what) const {
  if (what.covered_level > settled_sums::bits_max ||
      !ascends(what.covered, what.covered_level, [](std::uint16_t range) { return range; }))
    return bad("digests of ranges that do not fit: level " + std::to_string(what.covered_level) + ", " +
               std::to_string(what.covered.size()) + " of them");
  const auto named = [](const sync_digest& each) { return each.subject.node && each.subject.epoch; };
  if (!std::all_of(what.digests.begin(), what.digests.end(), named) ||
      !std::all_of(what.tombstones.begin(), what.tombstones.end(), named))
    return bad("a digest of nobody");
  if (std::any_of(what.tombstones.begin(), what.tombstones.end(),
                  [](const auto& one) { return is_live(one.state); }))
    return bad("a tombstone of somebody who lives");
  return {};
}

/// An honest peer tells of each member once, and once more if it was contradicted.
result<void> sync_session::count(const sync_message& what) {
  const auto most = 2 * members_max_;
  const auto within = [&](std::size_t& heard, std::size_t more, const char* kind) -> result<void> {
    heard += more;
    if (heard <= most) return {};
    return error{code::resource_exhausted, "a sync with more than " + std::to_string(most) + " " + kind +
                                               " (twice membership.members_max)"};
  };
  if (auto fine = within(digests_heard_, what.digests.size(), "digests"); !fine) return fine;
  if (auto fine = within(facts_heard_, what.facts.size(), "facts"); !fine) return fine;
  if (auto fine = within(wants_heard_, what.wants.size(), "wants"); !fine) return fine;
  return within(tombstones_heard_, what.tombstones.size(), "tombstones");
}

// --- What is said ----------------------------------------------------------------------------------

sync_message sync_session::open(const sync_view& mine) {
  TROUPE_INVARIANT(side_ == side::initiator && phase_ == phase::unopened);
  phase_ = phase::opened;
  bits_ = settled_sums::bits_for(mine.size());
  sync_message first;
  first.kind = sync_kind::open;
  first.from = self_;
  first.bits = static_cast<std::uint8_t>(bits_);
  first.members = static_cast<std::uint32_t>(mine.size());
  first.digest = mine.sums().total();
  if (mine.size() <= digests_at_once_max) {
    first.covered.push_back(0);
    mine.each([&](const sync_digest& ours) { first.digests.push_back(ours); });
    if (mine.size() == 1 && mine.find(self_.node))
      first.facts.push_back(mine.fact_of(self_.node, sync_view::with_document::yes));
    return first;
  }
  const int level = std::min(bits_, opening_level_max);
  first.sums_level = static_cast<std::uint8_t>(level);
  for (std::uint16_t range = 0; range < 1u << level; ++range)
    first.sums.push_back({range, mine.sums().at(level, range)});
  return first;
}

sync_outcome sync_session::answer(const sync_message& what, const sync_view& mine) {
  sync_outcome outcome;
  if (what.kind != sync_kind::open || what.digest != mine.sums().total()) {
    compare_sums(what, mine);
    compare_digests(what, mine, outcome);
    answer_wants(what, mine, outcome);
    if (self_.node) answer_facts(what, mine);
  }
  if (what.kind == sync_kind::open && !peer_.node) show_suspects(mine);
  if (!expects_answer(what) && !has_more()) {
    done_ = true;
    return outcome;
  }
  outcome.answer = compose(mine);
  done_ = !expects_answer(*outcome.answer) && !what.more;
  return outcome;
}

void sync_session::compare_sums(const sync_message& what, const sync_view& mine) {
  if (what.sums.empty()) return;
  const int level = what.sums_level;
  std::vector<bool> differs(std::size_t{1} << level);
  std::vector<std::uint16_t> ranges;
  for (const auto& [range, sum] : what.sums) {
    if (mine.sums().at(level, range) == sum) continue;
    differs[range] = true;
    ranges.push_back(range);
  }
  const auto finer = static_cast<unsigned>(bits_ - level);
  std::size_t known = 0;
  mine.each([&](const sync_digest& ours) {
    known += differs[settled_sums::range_of(ours.subject.node, level)] ? 1 : 0;
  });
  // Whoever knows fewer shows what it knows: that takes less. An observer has nothing to say to digests.
  const bool fewer =
      finer > 0 ? known * sums_a_digest <= ranges.size() << finer : known <= 2 * std::size_t{their_members_};
  const bool shows = side_ == side::initiator || (peer_.node && fewer);
  if (shows) {
    describe_level_ = level;
    describe_.assign(ranges.rbegin(), ranges.rend());
    return;
  }
  for (const auto range : ranges)
    for (unsigned bucket = static_cast<unsigned>(range) << finer; bucket < (range + 1u) << finer; ++bucket)
      sums_.push_back({static_cast<std::uint16_t>(bucket), mine.sums().at(bits_, bucket)});
}

void sync_session::compare_digests(const sync_message& what, const sync_view& mine, sync_outcome& outcome) {
  if (what.digests.empty() && what.covered.empty()) return;
  std::unordered_set<node_id> named;
  for (const auto& theirs : what.digests)
    if (named.insert(theirs.subject.node).second) compare(theirs, mine, outcome);
  std::vector<bool> covered(std::size_t{1} << what.covered_level);
  for (const auto range : what.covered) covered[range] = true;
  mine.each([&](const sync_digest& ours) {
    if (covered[settled_sums::range_of(ours.subject.node, what.covered_level)] &&
        !named.contains(ours.subject.node))
      offer(ours);
  });
}

void sync_session::compare(const sync_digest& theirs, const sync_view& mine, sync_outcome& outcome) {
  const auto who = theirs.subject.node;
  const auto news = claim_of(theirs);
  const auto ours = mine.find(who);
  if (!ours) {
    const auto stone = mine.tombstone_of(who);
    if (stone && !supersedes(news, *stone)) {
      if (supersedes(*stone, news))
        tombstones_.push_back({{who, stone->epoch}, stone->incarnation, 0, stone->state});
    } else if (!is_live(theirs.state)) {
      outcome.gone.push_back(theirs);
    } else if (peer_.node) {
      wants_.push_back({who, 0});
    }
    return;
  }
  const auto known = claim_of(*ours);
  const bool same_life = news.epoch == known.epoch;
  const bool lacks = same_life && is_live(theirs.state) && theirs.version > ours->version;
  const bool has = same_life && is_live(ours->state) && theirs.version < ours->version;
  if ((supersedes(news, known) || lacks) && peer_.node)
    wants_.push_back({who, same_life ? ours->version : 0});
  if (supersedes(known, news) || has || (!peer_.node && news != known))
    tell_.push_back({who, has || !same_life ? sync_view::with_document::yes : sync_view::with_document::no});
  if (same_life && is_live(theirs.state) && ours->state == state::dead) outcome.contradicted.push_back(who);
}

/// A suspicion is not settled, so no sum shows it; an observer has no gossip to hear it by.
void sync_session::show_suspects(const sync_view& mine) {
  mine.each([&](const sync_digest& ours) {
    if (ours.state == state::suspect) tell_.push_back({ours.subject.node, sync_view::with_document::no});
  });
}

/// Of somebody whom the other side does not know.
void sync_session::offer(const sync_digest& ours) {
  // That somebody unknown is gone only matters so that old news of it is not believed. An observer shows it.
  if (is_live(ours.state) || !peer_.node)
    tell_.push_back({ours.subject.node, sync_view::with_document::yes});
  else
    tombstones_.push_back(ours);
}

void sync_session::answer_wants(const sync_message& what, const sync_view& mine, sync_outcome& outcome) {
  for (const auto& [who, version] : what.wants) {
    const auto ours = mine.find(who);
    if (!ours) continue;
    tell_.push_back(
        {who, ours->version > version ? sync_view::with_document::yes : sync_view::with_document::no});
    // It holds somebody for younger or livelier than this side does.
    if (ours->state == state::dead) outcome.contradicted.push_back(who);
  }
}

/// Whoever tells what is known better here hears that: of tombstones, which no digest shows, and of documents
/// that were kept with somebody who was held dead.
void sync_session::answer_facts(const sync_message& what, const sync_view& mine) {
  for (const auto& fact : what.facts) {
    const auto who = fact.subject.node;
    const auto told = claim_of(fact);
    if (const auto ours = mine.find(who)) {
      const bool newer_document =
          ours->subject == fact.subject && is_live(ours->state) && ours->version > fact.registration_version;
      if (newer_document || supersedes(claim_of(*ours), told))
        tell_.push_back({who, sync_view::with_document::yes});
    } else if (const auto stone = mine.tombstone_of(who); stone && supersedes(*stone, told)) {
      tombstones_.push_back({{who, stone->epoch}, stone->incarnation, 0, stone->state});
    }
  }
}

bool sync_session::has_more() const {
  return !sums_.empty() || !describe_.empty() || !wants_.empty() || !tell_.empty() || !tombstones_.empty();
}

/// As much as fits, what the other side has to answer first.
sync_message sync_session::compose(const sync_view& mine) {
  sync_message next;
  next.from = self_;
  next.sums_level = static_cast<std::uint8_t>(sums_.empty() ? 0 : bits_);
  next.sums = std::exchange(sums_, {});
  auto room = sync_message_bytes_max - size_bound(next);
  const auto take = [&](auto& from, std::size_t each, auto& into) {
    const auto count = std::min(from.size(), room / each);
    into.insert(into.end(), from.rbegin(), from.rbegin() + static_cast<std::ptrdiff_t>(count));
    from.resize(from.size() - count);
    room -= count * each;
  };
  take(wants_, sync_want_bytes, next.wants);
  take(tombstones_, sync_digest_bytes, next.tombstones);
  if (!describe_.empty()) compose_digests(next, room, mine);
  for (; !tell_.empty(); tell_.pop_back()) {
    const auto& [who, document] = tell_.back();
    if (!mine.find(who)) continue;  // forgotten meanwhile
    auto fact = mine.fact_of(who, document);
    const auto bytes = size_bound(fact);
    if (bytes > room) break;
    room -= bytes;
    next.facts.push_back(std::move(fact));
  }
  next.more = has_more();
  return next;
}

void sync_session::compose_digests(sync_message& next, std::size_t& room, const sync_view& mine) {
  next.covered_level = static_cast<std::uint8_t>(describe_level_);
  std::vector<std::vector<sync_digest>> ranges(std::size_t{1} << describe_level_);
  mine.each([&](const sync_digest& ours) {
    ranges[settled_sums::range_of(ours.subject.node, describe_level_)].push_back(ours);
  });
  for (; !describe_.empty(); describe_.pop_back()) {
    auto& members = ranges[describe_.back()];
    const auto bytes = sync_range_bytes + members.size() * sync_digest_bytes;
    const bool too_many = bytes > sync_message_bytes_max - sync_message_overhead_bytes;
    if (bytes > room && !too_many) return;
    // Ids that were chosen to meet in one bucket: what fits is compared, and nothing follows from the rest.
    if (too_many)
      members.resize(std::min(members.size(), room / sync_digest_bytes));
    else
      next.covered.push_back(describe_.back());
    next.digests.insert(next.digests.end(), members.begin(), members.end());
    room -= std::min(room, sync_range_bytes + members.size() * sync_digest_bytes);
  }
}

}  // namespace troupe::membership
