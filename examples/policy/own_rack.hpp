// A policy of one's own: replicas in the caller's rack before all others.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <troupe/troupe.hpp>

/// The rack is the front of a node's name: "a-2" is in rack "a". Among those that are there, and among all
/// where none is, the framework's own score decides; who is ejected, silent or was tried before is no
/// candidate.
class own_rack final : public troupe::balance::policy {
 public:
  explicit own_rack(const std::string& rack) : prefix_(rack + "-") {}

  std::string_view name() const override { return "own_rack"; }

  troupe::balance::replica_index pick(troupe::balance::replica_set& replicas,
                                      std::span<const troupe::balance::replica_index> candidates,
                                      const troupe::balance::request&,
                                      troupe::random_source& random) override {
    near_.clear();
    for (const auto each : candidates)
      if (replicas.facts(each).name.starts_with(prefix_)) near_.push_back(each);
    if (!near_.empty()) candidates = near_;
    return replicas.draw_lowest(candidates, random).replica;
  }

 private:
  std::string prefix_;
  std::vector<troupe::balance::replica_index> near_;  // kept, so that a pick allocates nothing
};
