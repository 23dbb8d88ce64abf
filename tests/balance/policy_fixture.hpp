// Calls as a policy spreads them over a replica set, and what a replica that never answers costs.
#pragma once

#include <cstdint>
#include <deque>
#include <map>

#include "balance/replica_set_fixture.hpp"

namespace troupe::balance::test {

/// `calls` calls, four in flight at any time, each answered after 1 ms with a true report; with keys of their
/// own. How many each replica got. `mute` never answers.
inline std::map<replica_index, int> play(bench& it, int calls, replica_index mute = ~0u) {
  struct sent {
    choice what;
    time_point at;
  };
  std::deque<sent> under_way;
  std::map<replica_index, int> share;
  for (int n = 0; n < calls; ++n) {
    it.now += 250us;
    if (under_way.size() == 4) {
      const sent first = under_way.front();
      under_way.pop_front();
      const rpc::load_report load = report(it.replicas.own_in_flight(first.what.replica), 1, 1ms);
      if (first.what.replica != mute) it.end(first.what, first.at, outcome::success, &load);
    }
    under_way.push_back({it.begin(keyed(static_cast<std::uint64_t>(n))), it.now});
    ++share[under_way.back().what.replica];
  }
  while (!under_way.empty()) {
    if (under_way.front().what.replica != mute) it.end(under_way.front().what, under_way.front().at);
    under_way.pop_front();
  }
  return share;
}

/// Of 60 calls over four replicas and a new one that never answers, how many the new one got. Policies that
/// compare statistics give it one, for which they wait (troupe/balance/policy.hpp): each one's test says so.
inline int lost_at_mute_newcomer(policy_kind kind) {
  bench it(4, kind);
  it.warm();
  const replica_index fresh = it.add();
  return play(it, 60, fresh)[fresh];
}

}  // namespace troupe::balance::test
