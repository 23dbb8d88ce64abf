// The suspicions that are open, by the times at which they become deaths.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/time.hpp>
#include <troupe/membership/suspicion.hpp>

namespace troupe::membership {

/// Every call costs O(log n) but the two for all.
class open_suspicions {
 public:
  void open(node_id who, suspicion doubt);
  void close(node_id who);
  const suspicion* find(node_id who) const;
  bool is_certain(node_id who) const {
    const auto* doubt = find(who);
    return doubt != nullptr && doubt->is_certain();
  }
  bool confirm(node_id who, node_id accuser, trust word, time_point now);
  void postpone(node_id who, duration by);
  void asked(node_id who);
  void set_certain(node_id who, bool value);
  void postpone_all(duration by);
  void restart_all(time_point now);
  void doubt_all();  // nobody is certain any more

  /// The earliest deadline; `never` without any.
  time_point next() const { return order_.empty() ? never : order_.begin()->first; }
  /// The last deadline that is at most `wait` after the earliest: when both are decided together.
  time_point gathered(duration wait) const;
  /// Who is due at or before `when`, the earliest first.
  std::vector<node_id> due(time_point when) const;
  /// Whom nobody but `accuser` suspects.
  std::vector<node_id> only_of(node_id accuser) const;
  /// True while some suspicion is shared, so that a death is likely to follow.
  bool has_shared() const;
  std::size_t size() const { return open_.size(); }

 private:
  template <class Edit>
  void amend(node_id who, Edit&& edit);
  template <class Edit>
  void amend_all(Edit&& edit);

  std::map<node_id, suspicion> open_;
  std::set<std::pair<time_point, node_id>> order_;
};

}  // namespace troupe::membership
