#include "witness.hpp"

#include <algorithm>

#include "reading.hpp"

namespace troupe::simulator {

namespace {

using membership::event_kind;
using membership::state;

std::uint32_t millis(time_point at) { return static_cast<std::uint32_t>(at.time_since_epoch() / 1ms); }

}  // namespace

witness::witness(std::size_t watched_max) : watched_max_(static_cast<std::uint32_t>(watched_max)) {}

witness::sight& witness::view::at(std::uint32_t subject) {
  const auto page = subject / page_size;
  if (page >= pages.size()) pages.resize(page + 1);
  if (!pages[page]) pages[page] = std::make_unique<std::array<sight, page_size>>();
  return (*pages[page])[subject % page_size];
}

const witness::sight* witness::view::find(std::uint32_t subject) const {
  const auto page = subject / page_size;
  if (page >= pages.size() || !pages[page]) return nullptr;
  return &(*pages[page])[subject % page_size];
}

std::optional<std::uint32_t> witness::node_of(node_id who) const {
  const auto found = index_.find(who);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

std::optional<membership::state> witness::seen(std::uint32_t observer, std::uint32_t subject) const {
  const auto* held = observer < views_.size() ? views_[observer].find(subject) : nullptr;
  if (held == nullptr || !held->known) return std::nullopt;
  return held->state;
}

void witness::break_rule(int invariant, std::string text, time_point now) {
  if (!broken_ && !tolerant_) broken_ = violation{invariant, std::move(text), now};
}

void witness::expect_known(std::uint32_t node, duration after, time_point now) {
  if (truth_[node].ghosts > 0)
    break_rule(6, "a crash is not known to all after " + format_duration(after) + ": " + disagreement(), now);
}

void witness::expect_agreement(duration after, time_point now) {
  if (disagreements() > 0)
    break_rule(5, "no agreement " + format_duration(after) + " after calm: " + disagreement(), now);
}

// --- The truth -------------------------------------------------------------------------------------------

void witness::started(std::uint32_t node, const membership::known_node& self, time_point now) {
  if (node >= truth_.size()) {
    truth_.resize(node + 1);
    views_.resize(node + 1);
  }
  auto& it = truth_[node];
  it.name = name_in(self);
  it.exists = it.running = true;
  index_[self.self.node] = node;
  it.lives.push_back({self.self.epoch, {}, {}, false});
  ++running_;
  if (watched(node)) {
    ++watching_;
    observers_.push_back(node);
  }
  own(node, self, now);
  announce(news_item::kind::present, node, now);
}

void witness::stopped(std::uint32_t node, ending how, time_point now) {
  auto& it = truth_[node];
  if (!it.running) return;
  it.running = false;
  --running_;
  it.lives.back().left = how == ending::left;
  if (watched(node)) {
    --watching_;
    std::erase(observers_, node);
  }
  drop_view(node);
  recount_all(node, now);
  announce(news_item::kind::gone, node, now);
}

void witness::drop_view(std::uint32_t node) {
  auto& old = views_[node];
  right_ -= old.right;
  ghosts_ -= old.ghosts;
  for (std::size_t page = 0; page < old.pages.size(); ++page) {
    if (!old.pages[page]) continue;
    for (std::uint32_t k = 0; k < view::page_size; ++k) {
      const auto& held = (*old.pages[page])[k];
      if (!held.right && !held.ghost) continue;
      auto& subject = truth_[page * view::page_size + k];
      subject.right -= held.right;
      subject.ghosts -= held.ghost;
    }
  }
  old = {};
}

void witness::own(std::uint32_t node, const membership::known_node& self, time_point now) {
  auto& mine = truth_[node].lives.back();
  if (mine.standings.empty() || mine.standings.back().incarnation < self.incarnation)
    mine.standings.push_back({self.incarnation, attributes_in(self)});
  else if (mine.standings.back().incarnation > self.incarnation)
    break_rule(1, truth_[node].name + " has lowered its own incarnation", now);
  else if (mine.standings.back().attributes != attributes_in(self))
    break_rule(3, truth_[node].name + " has changed its attributes within one incarnation", now);
  const auto version = document_version_in(self);
  const auto before = mine.documents.empty() ? 0 : mine.documents.back().first;
  if (version < before) break_rule(3, truth_[node].name + " has lowered its document's version", now);
  if (version <= before) {
    recount_all(node, now);
    return;
  }
  mine.documents.emplace_back(version, document_in(self));
  recount_all(node, now);
  if (!truth_[node].lives.empty() && mine.documents.size() > 1)
    announce(news_item::kind::document, node, now);
}

void witness::anomalous(std::uint32_t node) {
  if (node < truth_.size()) truth_[node].anomalous = true;
}

void witness::isolated(std::uint32_t node, time_point since) {
  auto& it = truth_[node].isolated_since;
  if (since == never || it == never) it = since;
}

// --- Agreement -------------------------------------------------------------------------------------------

bool witness::is_right(const truth& subject, const sight& held) const {
  if (!subject.running || !held.known || held.state != state::alive) return false;
  if (held.life + 1 != subject.lives.size()) return false;
  const auto& documents = subject.lives.back().documents;
  return held.document == (documents.empty() ? 0 : documents.back().first);
}

void witness::recount(std::uint32_t observer, std::uint32_t subject, sight& held, time_point now) {
  auto& about = truth_[subject];
  auto& mine = views_[observer];
  const bool right = is_right(about, held);
  const bool ghost =
      held.known && !about.running && (held.state == state::alive || held.state == state::suspect);
  const auto adjust = [&](bool& before, bool after, std::uint32_t& of_view, std::uint32_t& of_subject,
                          std::uint64_t& total) {
    if (before == after) return;
    const auto step = after ? 1u : ~0u;
    of_view += step;
    of_subject += step;
    total += after ? 1 : ~std::uint64_t{0};
    before = after;
  };
  adjust(held.right, right, mine.right, about.right, right_);
  adjust(held.ghost, ghost, mine.ghosts, about.ghosts, ghosts_);
  if (about.item != none) follow(subject, now);
}

void witness::recount_all(std::uint32_t subject, time_point now) {
  for (const auto observer : observers_)
    if (observer != subject && views_[observer].find(subject) != nullptr)
      recount(observer, subject, views_[observer].at(subject), now);
}

std::uint64_t witness::disagreements() const {
  if (running_ == 0) return 0;
  return static_cast<std::uint64_t>(watching_) * (running_ - 1) - right_ + ghosts_;
}

std::string witness::disagreement() const {
  for (std::uint32_t observer = 0; observer < std::min<std::size_t>(views_.size(), watched_max_);
       ++observer) {
    if (!truth_[observer].running) continue;
    for (std::uint32_t subject = 0; subject < truth_.size(); ++subject) {
      const auto* held = views_[observer].find(subject);
      if (subject == observer || !truth_[subject].exists) continue;
      const bool wrong =
          truth_[subject].running ? held == nullptr || !held->right : held != nullptr && held->ghost;
      if (!wrong) continue;
      std::string text = truth_[observer].name + " holds " + truth_[subject].name + " (";
      text += truth_[subject].running ? "running" : "gone";
      text += ") " + (held == nullptr || !held->known ? "unknown" : std::string(to_string(held->state)));
      if (held != nullptr && held->known && truth_[subject].running) {
        text += ", life " + std::to_string(held->life + 1) + " of " +
                std::to_string(truth_[subject].lives.size());
        const auto& documents = truth_[subject].lives.back().documents;
        text += ", document " + std::to_string(held->document) + " of " +
                std::to_string(documents.empty() ? 0 : documents.back().first);
      }
      return text + "; " + std::to_string(disagreements()) + " pairs are wrong";
    }
  }
  return "all agree";
}

void witness::announce(news_item::kind what, std::uint32_t subject, time_point now) {
  auto& about = truth_[subject];
  about.item = static_cast<std::uint32_t>(news_.size());
  news_.push_back({what, subject, now, never, never, never});
  follow(subject, now);
}

/// How many know the youngest news of this node. Older news of it stay unfinished: they are not true any
/// more.
void witness::follow(std::uint32_t subject, time_point now) {
  auto& about = truth_[subject];
  auto& item = news_[about.item];
  const bool mine = about.running && watched(subject);
  const auto others = watching_ - (mine ? 1 : 0);
  if (others == 0) return;
  const bool gone = item.what == news_item::kind::gone;
  const auto know = gone ? others - about.ghosts : about.right;
  const auto most = others - others / 1000;
  if (item.first == never && know > 0) item.first = now;
  if (item.most == never && know >= most) item.most = now;
  if (know >= others) {
    item.all = now;
    about.item = none;
  }
}

// --- The views -------------------------------------------------------------------------------------------

const witness::life_record* witness::check_standing(std::uint32_t observer, std::uint32_t subject,
                                                    const membership::event& what, time_point now) {
  auto& about = truth_[subject];
  const auto& said = what.subject;
  const auto where =
      truth_[observer].name + " on " + about.name + " (" + std::string(to_string(what.kind)) + "): ";
  const auto lived = std::find_if(about.lives.rbegin(), about.lives.rend(),
                                  [&](const auto& each) { return each.epoch == said.self.epoch; });
  if (lived == about.lives.rend()) {
    break_rule(3, where + "no life of it had epoch " + std::to_string(said.self.epoch.value), now);
    return nullptr;
  }
  const auto standing = std::find_if(lived->standings.rbegin(), lived->standings.rend(),
                                     [&](const auto& each) { return each.incarnation == said.incarnation; });
  if (said.incarnation > lived->standings.back().incarnation)
    break_rule(1,
               where + "incarnation " + std::to_string(said.incarnation) + ", and its owner is at " +
                   std::to_string(lived->standings.back().incarnation),
               now);
  // Of the departed only the standing travels: nothing follows from the rest.
  else if (membership::is_live(said.state) && standing != lived->standings.rend() &&
           standing->attributes != attributes_in(said))
    break_rule(
        3, where + "other attributes than its owner had at incarnation " + std::to_string(said.incarnation),
        now);
  const auto version = document_version_in(said);
  if (version == 0) return &*lived;
  const auto document = std::find_if(lived->documents.rbegin(), lived->documents.rend(),
                                     [&](const auto& each) { return each.first == version; });
  if (document == lived->documents.rend() || document->second != document_in(said))
    break_rule(3, where + "document " + std::to_string(version) + " is not what its owner wrote", now);
  return &*lived;
}

/// Not by a refutation of its owner's.
bool witness::takes_back(const sight& held, const membership::event& what) {
  return what.kind == event_kind::refuted && what.subject.incarnation == held.incarnation;
}

void witness::check_step(std::uint32_t observer, std::uint32_t subject, const sight& held,
                         std::uint32_t which, const membership::event& what, arrival how,
                         const circumstances& why, time_point now) {
  const auto& said = what.subject;
  const auto where = truth_[observer].name + " on " + truth_[subject].name + " (" +
                     std::string(to_string(what.kind)) + "): ";
  const bool met = held.life != none;
  const bool same_life = met && held.life == which;
  if (met && which < held.life) return break_rule(2, where + "an earlier life has come back", now);
  if (same_life && said.incarnation < held.incarnation)
    return break_rule(1,
                      where + "the incarnation went back from " + std::to_string(held.incarnation) + " to " +
                          std::to_string(said.incarnation),
                      now);
  if (same_life && held.state == state::left && said.state != state::left)
    return break_rule(2, where + "it had left in this life", now);
  if (same_life && held.state == state::dead && said.state != state::dead && said.state != state::left &&
      said.incarnation <= held.incarnation)
    return break_rule(2, where + "dead, and live again without having refuted it", now);
  if (same_life && held.known && document_version_in(said) < held.document)
    return break_rule(3, where + "its document went back", now);
  if (what.kind == event_kind::joined && same_life && held.known)
    return break_rule(9, where + "it was there already", now);
  if (what.kind != event_kind::joined && !held.known)
    return break_rule(9, where + "nothing said that it had come", now);
  // Whoever is isolated takes its own doubts back on any sign of life, and may be given them anew, but
  // nothing worse; that the sign, or the doubt, is an old one, the seal tells.
  // A word that came when its giver had accused too many has had no effect yet, and may have it later.
  const bool doubts_again =
      (held.taken_back && what.kind == event_kind::suspected) ||
      (why.limited && (what.kind == event_kind::suspected || what.kind == event_kind::died));
  if (how == arrival::replay && what.kind != event_kind::forgotten && !takes_back(held, what) &&
      !doubts_again)
    return break_rule(10, where + "by a packet that had been received before", now);
}

void witness::check_death(std::uint32_t observer, std::uint32_t subject, const sight& held,
                          const membership::event& what, const circumstances& why, time_point now) {
  auto& about = truth_[subject];
  const auto& sees = truth_[observer];
  if (!about.running || about.lives.back().epoch != what.subject.self.epoch) return;
  ++counted_.wrong_deaths;
  if (!about.anomalous) {
    ++counted_.false_positives;
    if (!sees.anomalous) ++counted_.false_positives_at_healthy;
  }
  const bool calm =
      !why.ever_disturbed || (why.disturbed_until != never && now > why.disturbed_until + why.forgiveness);
  if (calm) break_rule(4, sees.name + " holds " + about.name + " dead, and there was no fault", now);
  const bool alone = sees.isolated_since != never && about.isolated_since == never &&
                     views_[observer].live > membership::reach::targets_min;
  const bool own = node_of(what.subject.accuser) == observer;
  if (alone && own && held.suspected_at > millis(sees.isolated_since) + 5000)
    break_rule(8, sees.name + ", isolated, holds " + about.name + " dead by its own word", now);
}

void witness::count_suspicion(std::uint32_t observer, std::uint32_t subject, const membership::event& what) {
  if (node_of(what.subject.accuser) != observer) return;
  ++counted_.suspicions_by_hand;
  const auto& about = truth_[subject];
  if (about.running && !about.anomalous && truth_[observer].anomalous) ++counted_.wrong_accusations;
}

void witness::observe(std::uint32_t observer, const membership::event& what, arrival how,
                      const circumstances& why, time_point now) {
  const auto kind = static_cast<std::size_t>(what.kind);
  if (kind < counted_.events.size()) ++counted_.events[kind];
  const auto subject = node_of(what.subject.self.node);
  if (!subject) {
    if (how != arrival::replay || what.kind == event_kind::joined)
      break_rule(3, truth_[observer].name + " has met somebody who never was", now);
    return;
  }
  if (*subject == observer || !watched(observer) || !truth_[observer].running) return;
  const auto* lived = check_standing(observer, *subject, what, now);
  if (lived == nullptr) return;
  auto& seen = views_[observer];
  auto& held = seen.at(*subject);
  const auto which = static_cast<std::uint32_t>(lived - truth_[*subject].lives.data());
  check_step(observer, *subject, held, which, what, how, why, now);

  if (what.kind == event_kind::suspected) {
    held.suspected_at = millis(now);
    count_suspicion(observer, *subject, what);
  }
  if (what.kind == event_kind::died) check_death(observer, *subject, held, what, why, now);
  if (what.kind == event_kind::died && !truth_[observer].anomalous &&
      (seen.batches == 0 || now - seen.batch > batch_span)) {
    ++seen.batches;
    seen.batch = now;
  }
  held.taken_back =
      takes_back(held, what) || (held.taken_back && what.subject.incarnation == held.incarnation);
  const bool known = what.kind != event_kind::forgotten;
  const auto live = [](bool there, state as) { return there && membership::is_live(as) ? 1u : 0u; };
  seen.known += (known ? 1u : 0u) - (held.known ? 1u : 0u);
  seen.live += live(known, what.subject.state) - live(held.known, held.state);
  held.known = known;
  held.life = which;
  held.incarnation = static_cast<std::uint32_t>(what.subject.incarnation);
  held.document = static_cast<std::uint32_t>(document_version_in(what.subject));
  held.state = what.subject.state;
  held.mode = what.subject.mode;
  recount(observer, *subject, held, now);
}

void witness::compare(std::uint32_t observer, const membership::core& whose, time_point now) {
  if (!watched(observer)) return;
  const auto& seen = views_[observer];
  std::uint32_t others = 0;
  for (const auto& known : whose.members()) {
    const auto subject = node_of(known.self.node);
    if (!subject || *subject == observer) continue;
    ++others;
    const auto* held = seen.find(*subject);
    if (held != nullptr && held->known && held->state == known.state && held->mode == known.mode &&
        held->document == document_version_in(known))
      continue;
    return break_rule(
        9,
        truth_[observer].name + " has changed its mind about " + truth_[*subject].name + " without an event",
        now);
  }
  if (others != seen.known)
    break_rule(9, truth_[observer].name + " has forgotten somebody without an event", now);
}

std::uint32_t witness::batches_max() const {
  std::uint32_t most = 0;
  for (std::size_t node = 0; node < views_.size(); ++node)
    if (truth_[node].running && !truth_[node].anomalous) most = std::max(most, views_[node].batches);
  return most;
}

double witness::batches_mean() const {
  double sum = 0, count = 0;
  for (std::size_t node = 0; node < std::min<std::size_t>(views_.size(), watched_max_); ++node)
    if (truth_[node].running && !truth_[node].anomalous) sum += views_[node].batches, ++count;
  return count > 0 ? sum / count : 0;
}

}  // namespace troupe::simulator
