#include <algorithm>
#include <cmath>

#include <troupe/balance/shortlist.hpp>

namespace troupe::balance {

namespace {

constexpr double rescored_max = 64;  // replicas a pick, in rotation, where picks are rare
constexpr double asleep_after = 1;   // s without a pick: then changes are not followed one by one

/// Keeps of all that are offered those with the least against them.
class least_against {
 public:
  explicit least_against(std::vector<replica_index>& into) : into_(into) { into_.clear(); }

  bool is_worse(unsigned against) const { return against > least_; }
  void offer(replica_index i, unsigned against) {
    if (against > least_) return;
    if (against < least_) into_.clear();
    least_ = against;
    into_.push_back(i);
  }

 private:
  std::vector<replica_index>& into_;
  unsigned least_ = ~0u;
};

}  // namespace

void shortlist::touch(replica_index replica) {
  if (!known_ || is_changed_[replica] != 0) return;
  is_changed_[replica] = 1;
  changed_.push_back(replica);
}

bool shortlist::holds(double seconds, std::uint64_t changes, time_point now) const {
  return known_ && seconds - looked_ <= asleep_after && now < seen_.next_turn && changes == seen_.changes;
}

void shortlist::refresh(const estimates& at) {
  const double since = at.now().seconds - looked_;
  looked_ = at.now().seconds;
  for (const replica_index i : changed_) {
    is_changed_[i] = 0;
    if (scores_[i] != scoreboard::out) scores_.set(i, at.computed_score(i));
  }
  changed_.clear();
  const auto size = static_cast<double>(all_.size());
  const double before = turned_;
  turned_ += std::min({size, size * since / to_seconds(at.settings().score_age), rescored_max});
  for (auto turn = static_cast<std::size_t>(before); turn < static_cast<std::size_t>(turned_); ++turn) {
    const replica_index i = all_[turn % all_.size()];
    scores_.set(i, at.computed_score(i));
  }
  if (turned_ >= size) turned_ = std::fmod(turned_, std::max(size, 1.));
}

void shortlist::make(const estimates& at, const ejections& now) {
  looked_ = at.now().seconds;
  const std::size_t size = at.everyone().size();
  scores_.resize(static_cast<std::uint32_t>(size));
  is_changed_.resize(size);
  changed_.reserve(size);
  list(at);
  for (const replica_index i : all_) scores_.set(i, at.computed_score(i));
  for (const replica_index i : changed_) is_changed_[i] = 0;
  changed_.clear();
  seen_ = now;
  known_ = true;
}

void shortlist::list(const estimates& at) {
  enum : unsigned { barred = 1, draining = 2 };
  least_against found(all_);
  for (replica_index i = 0; i < at.everyone().size(); ++i) {
    scores_.set(i, scoreboard::out);
    if (at.everyone().is(i, standing::unreachable)) continue;
    found.offer(i,
                (at.everyone().is(i, standing::draining) ? draining : 0u) | (at.is_barred(i) ? barred : 0u));
  }
}

void narrow(const estimates& at, const request& what, std::vector<replica_index>& into) {
  enum : unsigned { barred = 1, tried = 2, draining = 4 };
  least_against found(into);
  const presence& everyone = at.everyone();
  const auto consider = [&](replica_index i) {
    if (everyone.is(i, standing::unreachable)) return;
    if (what.only && everyone.facts(i).node != what.only) return;
    unsigned against = everyone.is(i, standing::draining) ? draining : 0u;
    if (std::find(what.tried.begin(), what.tried.end(), i) != what.tried.end()) {
      if (what.tried_again == request::again::no) return;
      against |= tried;
    }
    if (!found.is_worse(against)) found.offer(i, against | (at.is_barred(i) ? barred : 0u));
  };
  if (what.among.empty()) {
    for (replica_index i = 0; i < everyone.size(); ++i) consider(i);
  } else {
    for (const replica_index i : what.among) consider(i);
  }
}

}  // namespace troupe::balance
