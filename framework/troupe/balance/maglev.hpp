// The key's owner by Maglev's table (maglev_table.hpp), with bounded loads as consistent_hash. Without a key,
// or with all owners too full: dynamic_score.
//
// The table holds every replica that there is: who is no candidate for now, or too full, is passed over key
// by key, so that nobody else's keys move. O(1), and a millisecond or so at the first pick after a replica
// has come or gone.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <troupe/balance/dynamic_score.hpp>
#include <troupe/balance/maglev_table.hpp>
#include <troupe/balance/policy.hpp>

namespace troupe::balance {

class maglev final : public policy {
 public:
  std::string_view name() const override { return "maglev"; }
  preference pick(const candidates& among, const request& what, random_source& random) override;

 private:
  void build(const presence& everyone);

  dynamic_score otherwise_;
  maglev_table table_;
  std::vector<maglev_table::member> members_;
  std::uint64_t generation_ = 0;  // of the replicas that the table was built of
};

}  // namespace troupe::balance
