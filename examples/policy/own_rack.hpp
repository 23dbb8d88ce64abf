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

  troupe::balance::preference pick(const troupe::balance::candidates& among, const troupe::balance::request&,
                                   troupe::random_source& random) override {
    near_.clear();
    for (const auto each : among)
      if (among.everyone().facts(each).name.starts_with(prefix_)) near_.push_back(each);
    return (near_.empty() ? among : among.only(near_)).draw_lowest(random);
  }

 private:
  std::string prefix_;
  std::vector<troupe::balance::replica_index> near_;  // kept, so that a pick allocates nothing
};
