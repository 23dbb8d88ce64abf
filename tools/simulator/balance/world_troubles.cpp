// The timeline of what goes wrong in a run, and how speeds change.
#include <algorithm>

#include "world.hpp"

namespace troupe::simulator {

void world::add(duration at, change::kind what, server_index server, double value) {
  timeline_.push_back({at, what, server, value});
}

void world::plan_troubles() {
  for (const auto& each : what_.incidents) plan(each);
  std::stable_sort(timeline_.begin(), timeline_.end(),
                   [](const change& one, const change& other) { return one.at < other.at; });
  for (std::uint32_t k = 0; k < timeline_.size(); ++k)
    next_.push(start_ + timeline_[k].at, {happening::kind::trouble_changes, k});
}

void world::plan(const incident& what) {
  using kind = change::kind;
  const auto notice = what_.network.notice;
  for (server_index i = what.first; i <= what.last; ++i) switch (what.kind) {
      case trouble::slow:
        add(what.from, kind::factor, i, what.speed);
        add(what.until, kind::factor, i, 1 / what.speed);
        break;
      case trouble::sinkhole:
      case trouble::frozen: {
        const auto which = what.kind == trouble::frozen ? kind::frozen : kind::sinkhole;
        add(what.from, which, i, 1);
        add(what.until, which, i, 0);
        break;
      }
      case trouble::down:
        add(what.from, kind::down, i);
        add(what.from + notice, kind::told_left, i);
        add(what.until, kind::up, i);
        add(what.until + notice, kind::told_appeared, i);
        break;
      case trouble::outlier:
        add(what.from, kind::stumble, i, to_seconds(what.takes));
        break;
      case trouble::fails_method:
        add(what.from, kind::method, i, what.method);
        add(what.until, kind::method, i, ~0u);
        break;
      case trouble::appears:
        places_[i].present = false;
        places_[i].factor = what.speed;
        add(what.from, kind::up, i);
        add(what.from + notice, kind::told_appeared, i);
        add(what.until, kind::factor, i, 1 / what.speed);
        break;
      case trouble::restart: {
        const auto from = what.from + (i - what.first) * what.every;
        const auto back = from + what.drain + what.gone;
        add(from + notice, kind::told_draining, i);
        add(from + what.drain, kind::down, i);
        add(from + what.drain + notice, kind::told_left, i);
        add(back, kind::factor, i, what.speed);
        add(back, kind::up, i);
        add(back + notice, kind::told_appeared, i);
        add(back + what.cold, kind::factor, i, 1 / what.speed);
        break;
      }
    }
}

void world::apply(const change& what) {
  place& at = places_[what.server];
  switch (what.what) {
    case change::kind::factor:
      at.factor *= what.value;
      return set_speed(what.server);
    case change::kind::sinkhole:
      at.sinkhole = what.value > 0;
      return;
    case change::kind::frozen:
      done_.clear();
      at.server.freeze(what.value > 0, now_, done_);
      for (const auto slot : done_) answer(slot, ending::success);
      if (!at.server.frozen()) read_on(what.server);
      return;
    case change::kind::stumble:
      return at.server.stumble(from_seconds(what.value));
    case change::kind::method:
      at.failing_method = static_cast<std::uint32_t>(what.value);
      return;
    case change::kind::down:
      return go_down(what.server);
    case change::kind::up:
      at.present = true;
      return;
    case change::kind::told_draining:
    case change::kind::told_left:
    case change::kind::told_appeared:
      return tell(what);
  }
}

void world::go_down(server_index which) {
  places_[which].present = false;
  done_.clear();
  places_[which].server.lose_all(done_);
  for (const auto slot : done_) answer(slot, ending::failure);
  read_on(which);
  for (std::uint32_t r = 0; r < what_.routers; ++r)
    with_client(r, [&](client& it) { it.link(which, false, now_); });
}

/// What came while it was frozen arrives now.
void world::read_on(server_index which) {
  for (const auto slot : places_[which].server.take_unread()) attempt_arrives(slot);
}

void world::tell(const change& what) {
  const auto at = std::lower_bound(announced_.begin(), announced_.end(), what.server);
  const bool known = at != announced_.end() && *at == what.server;
  const bool appears = what.what == change::kind::told_appeared;
  if (appears && !known) announced_.insert(at, what.server);
  if (!appears && known) announced_.erase(at);
  for (std::uint32_t r = 0; r < what_.routers; ++r)
    with_client(r, [&](client& it) {
      if (appears) return it.appeared(what.server, now_);
      if (what.what == change::kind::told_draining) return it.draining(what.server, now_);
      it.left(what.server, now_);
    });
}

namespace {

/// One of the ranges by its chance; of one lot, or of all.
const speed_model::range& draw_range(const speed_model& model, std::optional<std::uint32_t> lot,
                                     double unit) {
  const auto open = [&](const speed_model::range& each) { return !lot || each.lot == *lot; };
  double left = 0;
  for (const auto& each : model.draws)
    if (open(each)) left += each.chance;
  left *= unit;
  const speed_model::range* last = &model.draws.front();
  for (const auto& each : model.draws) {
    if (!open(each)) continue;
    last = &each;
    if ((left -= each.chance) < 0) break;
  }
  return *last;
}

}  // namespace

void world::draw_speed(server_index which) {
  const auto& model = what_.speed;
  place& at = places_[which];
  if (!model.draws.empty()) {
    if (!at.lot) at.lot = draw_range(model, std::nullopt, at.speeds.unit()).lot;
    const auto& range = draw_range(model, at.lot, at.speeds.unit());
    at.draw = at.speeds.between(range.low, range.high);
  }
  if (model.every_max > duration{0})
    next_.push(
        now_ + from_seconds(at.speeds.between(to_seconds(model.every_min), to_seconds(model.every_max))),
        {happening::kind::speed_changes, which});
  set_speed(which);
}

void world::set_speed(server_index which) {
  place& at = places_[which];
  if (what_.speed.of == speed_model::quantity::capacity)
    at.server.set_speed(at.base * at.factor, at.draw, now_);
  else
    at.server.set_speed(at.base * at.draw * at.factor, 1, now_);
}

}  // namespace troupe::simulator
