// What an observer knows: it takes part in nothing, asks members for what has changed, and believes them.
//
// Of what several members say the newer holds (membership/order.hpp); of states at one incarnation, what was
// said last.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include <troupe/base/time.hpp>
#include <troupe/membership/member.hpp>
#include <troupe/membership/sync.hpp>

namespace troupe::membership {

class observation final : public membership::sync_view {
 public:
  /// Whoever comes after `members_max` is not seen.
  explicit observation(std::size_t members_max) : members_max_(members_max) {}

  const std::map<node_id, membership::member>& members() const { return members_; }
  /// Whether a member has answered yet.
  bool made() const { return made_; }

  membership::sync_session begin(endpoint with, membership::sync_message& opening) const;
  /// What to send back; `changed` gets who is not as before. Errors: what is wrong with the message.
  result<std::optional<membership::sync_message>> receive(membership::sync_session& session,
                                                          const membership::sync_message& what,
                                                          time_point now,
                                                          std::vector<membership::member>& changed);

  const membership::settled_sums& sums() const override { return sums_; }
  std::size_t size() const override { return members_.size(); }
  std::optional<membership::sync_digest> find(node_id who) const override;
  void each(const std::function<void(const membership::sync_digest&)>& visit) const override;
  std::optional<membership::claim> tombstone_of(node_id) const override { return std::nullopt; }
  membership::update fact_of(node_id who, with_document wanted) const override;

 private:
  bool take(const membership::update& fact, time_point now);
  bool stand(membership::member& known, membership::state next, node_id accuser, time_point now);

  std::size_t members_max_;
  std::map<node_id, membership::member> members_;
  std::set<node_id> suspects_;  // of this session
  membership::settled_sums sums_;
  bool made_ = false;
};

}  // namespace troupe::membership
