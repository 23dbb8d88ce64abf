#include <algorithm>

#include <troupe/balance/probing.hpp>

namespace troupe::balance {

namespace {

constexpr double credit_max = 8;
constexpr double unprobed_max = 5;  // earned without a probe: then one goes out, however many bounce
constexpr std::uint32_t silenced_share = 16;  // one in so many asks one of those
constexpr duration patience = 1s;             // then its answer is not waited for

}  // namespace

void probing::reset(replica_index replica) {
  if (replica >= sent_.size()) sent_.resize(replica + 1);
  sent_[replica] = never;
}

void probing::earn() {
  credit_ = std::min(credit_ + settings_->probes_per_call, credit_max);
  unprobed_ += settings_->probes_per_call;
}

void probing::pay_bounce() { credit_ -= 1 + settings_->probes_per_call; }

bool probing::may_bounce() const { return settings_->probes_per_call > 0 && credit_ > -credit_max; }

// At random: by need (the longest unheard, or the next in line) was no better, and is blind to a replica that
// has just changed.
std::optional<replica_index> probing::draw(std::span<const replica_index> candidates,
                                           std::span<const replica_index> silenced, random_source& random) {
  if (credit_ < 1 && unprobed_ < unprobed_max) return std::nullopt;
  const bool ask_silenced = !silenced.empty() && random.below(silenced_share) == 0;
  const auto among = ask_silenced ? silenced : candidates;
  if (among.empty() || among.size() + silenced.size() < 2) return std::nullopt;
  credit_ -= 1;
  unprobed_ = 0;
  return among[random.below(static_cast<std::uint32_t>(among.size()))];
}

bool probing::send(replica_index replica, time_point now) {
  if (sent_[replica] != never && now - sent_[replica] < patience) return false;
  sent_[replica] = now;
  return true;
}

bool probing::answered(replica_index replica) {
  if (sent_[replica] == never) return false;
  sent_[replica] = never;
  return true;
}

}  // namespace troupe::balance
