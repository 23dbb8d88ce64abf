#include "network.hpp"

#include <algorithm>
#include <map>

namespace troupe::simulator {

namespace {

/// Linux's first retransmission timeout, and how often it is doubled before we call the stream broken.
constexpr duration retransmission = 200ms;
constexpr int retransmissions_max = 5;

double both(double one, double other) { return 1 - (1 - one) * (1 - other); }

}  // namespace

network::network(const weather& always, std::uint64_t seed) : always_(always), random_(seed) {
  set_troubles({});
}

void network::grow(std::size_t nodes) {
  if (nodes <= nodes_) return;
  nodes_ = nodes;
  if (uneven_ || !cuts_.empty() || !losses_.empty()) set_troubles(std::vector(troubles_));
}

void network::set_troubles(std::span<const fault> all) {
  troubles_.assign(all.begin(), all.end());
  cuts_.clear();
  losses_.clear();
  base_ = always_.loss;
  uneven_ = false;
  out_.assign(nodes_, 0);
  in_.assign(nodes_, 0);
  out_by_.assign(nodes_, duration{0});
  in_by_.assign(nodes_, duration{0});
  for (const auto& each : troubles_) {
    if (each.kind == fault_kind::cut)
      cuts_.push_back(border_of(each));
    else if (each.kind == fault_kind::loss && !each.peers.empty())
      losses_.push_back(border_of(each));
    else
      fold(each);
  }
  find_isolated();
  disturbed_ = base_ > 0 || always_.late > 0 || !troubles_.empty();
}

network::border network::border_of(const fault& what) const {
  border made;
  const auto set_of = [&](const std::vector<std::uint32_t>& from) {
    std::vector<std::uint8_t> into(nodes_, 0);
    for (const auto node : from)
      if (node < nodes_) into[node] = 1;
    return into;
  };
  made.near = set_of(what.nodes);
  if (!what.peers.empty()) made.far = set_of(what.peers);
  made.way = what.way;
  made.amount = what.amount;
  return made;
}

void network::fold(const fault& what) {
  if (what.kind == fault_kind::loss && what.nodes.empty()) {
    base_ = both(base_, what.amount);
    return;
  }
  uneven_ = true;
  const auto each = [&](std::uint32_t node) {
    if (node >= nodes_) return;
    if (what.way != direction::in) {
      if (what.kind == fault_kind::loss) out_[node] = both(out_[node], what.amount);
      if (what.kind == fault_kind::delay) out_by_[node] += what.by;
    }
    if (what.way != direction::out) {
      if (what.kind == fault_kind::loss) in_[node] = both(in_[node], what.amount);
      if (what.kind == fault_kind::delay) in_by_[node] += what.by;
    }
  };
  for (const auto node : what.nodes) each(node);
  if (what.nodes.empty())
    for (std::uint32_t node = 0; node < nodes_; ++node) each(node);
}

bool network::border::crossed(std::uint32_t from, std::uint32_t to) const {
  const auto is_near = [&](std::uint32_t node) { return node < near.size() && near[node] != 0; };
  const auto is_far = [&](std::uint32_t node) {
    return far.empty() ? !is_near(node) : node < far.size() && far[node] != 0;
  };
  return (way != direction::in && is_near(from) && is_far(to)) ||
         (way != direction::out && is_far(from) && is_near(to));
}

bool network::cut(std::uint32_t from, std::uint32_t to) const {
  return std::any_of(cuts_.begin(), cuts_.end(), [&](const border& each) { return each.crossed(from, to); });
}

bool network::isolated(std::uint32_t node) const { return node < isolated_.size() && isolated_[node] != 0; }

/// Cuts along whole borders: a node is alone when no other is on its side of all of them.
void network::find_isolated() {
  isolated_.assign(nodes_, 0);
  for (std::uint32_t node = 0; node < nodes_; ++node)
    if (in_[node] >= 1) isolated_[node] = 1;
  if (cuts_.empty()) return;
  std::map<std::vector<std::uint8_t>, std::vector<std::uint32_t>> sides;
  for (std::uint32_t node = 0; node < nodes_; ++node) {
    std::vector<std::uint8_t> side;
    for (const auto& each : cuts_)
      if (each.far.empty() && each.way == direction::both) side.push_back(each.near[node]);
    sides[std::move(side)].push_back(node);
  }
  for (const auto& [side, nodes] : sides)
    if (nodes.size() == 1 && nodes_ > 1) isolated_[nodes.front()] = 1;
}

double network::loss(std::uint32_t from, std::uint32_t to) const {
  double share = base_;
  if (uneven_) share = both(both(share, out_[from]), in_[to]);
  for (const auto& each : losses_)
    if (each.crossed(from, to)) share = both(share, each.amount);
  return share;
}

network::passage network::carry(std::uint32_t from, std::uint32_t to) {
  if (!cuts_.empty() && cut(from, to)) {
    ++counted_.cut;
    return {};
  }
  if (disturbed_) {
    const double share = loss(from, to);
    if (share > 0 && random_.unit() < share) {
      ++counted_.lost;
      return {};
    }
  }
  const auto delay = [&] {
    auto takes =
        always_.delay_min + from_seconds(to_seconds(always_.delay_max - always_.delay_min) * random_.unit());
    if (always_.late > 0 && random_.unit() < always_.late) {
      ++counted_.late;
      takes += from_seconds(to_seconds(always_.late_by) * random_.unit());
    }
    return uneven_ ? takes + out_by_[from] + in_by_[to] : takes;
  };
  passage granted{.carried = true, .twice = false, .takes = delay(), .again = duration{0}};
  if (always_.duplicated > 0 && random_.unit() < always_.duplicated) {
    ++counted_.duplicated;
    granted.twice = true;
    granted.again = delay();
  }
  return granted;
}

std::optional<duration> network::stream(std::uint32_t from, std::uint32_t to) {
  if (cut(from, to) || cut(to, from)) {
    ++counted_.streams_broken;
    return std::nullopt;
  }
  auto takes =
      always_.delay_min + from_seconds(to_seconds(always_.delay_max - always_.delay_min) * random_.unit());
  if (uneven_) takes += out_by_[from] + in_by_[to];
  if (!disturbed_) return takes;
  const double share = both(loss(from, to), loss(to, from) / 4);  // lost acknowledgements are cumulative
  auto wait = retransmission;
  for (int tries = 0; share > 0 && random_.unit() < share; ++tries) {
    if (tries == retransmissions_max) {
      ++counted_.streams_broken;
      return std::nullopt;
    }
    takes += wait;
    wait *= 2;
  }
  return takes;
}

}  // namespace troupe::simulator
