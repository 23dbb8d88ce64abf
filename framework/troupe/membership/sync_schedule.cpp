#include <algorithm>
#include <utility>

#include <troupe/membership/jitter.hpp>
#include <troupe/membership/step.hpp>
#include <troupe/membership/sync_schedule.hpp>

namespace troupe::membership {

namespace {

/// Syncs in quick succession after joining, until one digest agrees.
constexpr int looks_after_join = 3;

/// Mismatches of the digest in a row before a stream is worth it: news under way explains one or two.
constexpr int mismatches_wanted = 5;

}  // namespace

sync_schedule::sync_schedule(time_point first, time_point now) : not_before_(now) {
  alarms_.set(alarm::periodic, first);
}

/// As often in a large cluster as in a small one: where all agree, it costs next to nothing.
void sync_schedule::begin_periodic(const step& at) {
  const auto period = looks_left_ > 0 ? at.settings.probe_period : at.settings.exchange_period;
  alarms_.set(alarm::periodic, at.now + jittered(period, at.random));
  if (looks_left_ > 0) --looks_left_;
  for (const auto who : at.pick_live(1)) at.out.syncs.push_back(at.table.find(who)->who->address);
}

void sync_schedule::request(const endpoint& with, const step& at) {
  if (!with) return;
  if (at.now < not_before_) {
    wanted_ = with;
  } else {
    not_before_ = at.now + at.settings.probe_period;
    at.out.syncs.push_back(with);
  }
  if (wanted_) alarms_.set(alarm::wanted, not_before_);
}

void sync_schedule::compare_digest(std::uint64_t digest, const endpoint& with, const step& at) {
  if (!at.settings.digests) return;
  if (digest == at.table.sums().total()) {
    mismatches_ = 0;
    looks_left_ = 0;
    return;
  }
  // With news still to be told, views differ for good reason: it takes longer to believe that they do not. In
  // a large cluster, or one that loses packets, there is always news.
  if (++mismatches_ < (at.gossip.news().empty() ? mismatches_wanted : 2 * mismatches_wanted)) return;
  mismatches_ = 0;
  request(with, at);
}

void sync_schedule::look_often(const step& at) {
  looks_left_ = looks_after_join;
  alarms_.set_by(alarm::periodic, at.now + jittered(at.settings.probe_period, at.random));
}

void sync_schedule::failed() { mismatches_ = std::max(mismatches_, mismatches_wanted - 1); }

void sync_schedule::tick(const step& at) {
  if (alarms_.take(alarm::wanted, at.now)) request(std::exchange(wanted_, {}), at);
  if (alarms_.due(alarm::periodic, at.now)) begin_periodic(at);
}

}  // namespace troupe::membership
