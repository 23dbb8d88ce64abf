// Whom a node asks first: seeds as they were said, and the addresses behind them.
//
// Looking a name up blocks for as long as its servers please: that happens on a thread of its own, one at a
// time, which knows nothing of its list but where to post what it found.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include <troupe/actor/bound_actor.hpp>
#include <troupe/base/endpoint.hpp>
#include <troupe/base/result.hpp>

namespace troupe::gossip {

class seed_list {
 public:
  static constexpr std::size_t seeds_max = 64;  // the core keeps no more

  struct resolution {
    std::vector<endpoint> found;
    std::vector<std::string> problems;  // of names that do not resolve, a sentence each
  };
  /// Gives the addresses behind "host:port". May block; from any thread.
  using resolver = std::function<result<std::vector<endpoint>>(const std::string& name)>;
  /// `said`: "host:port" each. `resolved` gets what came of each `resolve`, in a turn of the owner, to whom
  /// `later` posts.
  seed_list(std::vector<std::string> said, resolver look_up, actor::poster later,
            std::function<void(resolution)> resolved);

  bool empty() const { return said_.empty(); }
  /// Whether any of them is a name, whose address may change.
  bool has_names() const;
  /// What was found last, and was not nothing.
  const std::vector<endpoint>& addresses() const { return addresses_; }

  /// None twice. The last ones said are kept where there are too many.
  void add(const std::vector<std::string>& seeds);
  /// At once where all are addresses. Does nothing while names are being looked up.
  void resolve();

 private:
  void take(resolution outcome);

  std::vector<std::string> said_;
  resolver look_up_;
  actor::poster later_;
  std::function<void(resolution)> resolved_;
  std::vector<endpoint> addresses_;
  bool resolving_ = false;
};

}  // namespace troupe::gossip
