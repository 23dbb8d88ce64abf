// Keeps the keys that gossip is sealed with: the rules are crypto::gossip_seal's, here is what they need of
// the world. What happens to the ring is logged, and written to a file, by a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <troupe/actor/bound_actor.hpp>
#include <troupe/actor/environment.hpp>
#include <troupe/crypto/gossip_seal.hpp>
#include <troupe/gossip/gossip_options.hpp>

namespace troupe::gossip {

class key_desk final : private crypto::gossip_seal::owner {
 public:
  /// `later` posts to the owner.
  key_desk(const actor::environment& shared, const gossip_options& options, actor::poster later);
  /// Waits for the file that is being written.
  ~key_desk() override;

  crypto::gossip_seal& seal() { return seal_; }
  const crypto::gossip_seal& seal() const { return seal_; }
  /// Says in the log what is protected, and loudly what is not.
  void announce() const;
  /// See crypto::gossip_seal.
  result<std::string> obey(crypto::bytes_view order);
  /// Forgets keys when it is time: to be called now and then.
  void look_at_age();

  struct report {
    std::vector<crypto::ring_entry> keys;  // without their bytes
    std::optional<crypto::key_id> primary;
    std::string kept;     // where; empty: in memory only
    std::string problem;  // of the last attempt to keep them
  };
  report inspect() const;

 private:
  void on_notice(severity how, const std::string& text) override;
  void on_ring_changed(const crypto::ring& now) override;
  void keep();

  const actor::environment& shared_;
  actor::poster later_;
  std::string file_;  // empty: none is written
  crypto::gossip_seal seal_;
  std::thread writer_;
  enum class writing : std::uint8_t { idle, busy, busy_and_outdated } writing_ = writing::idle;
  std::string write_problem_;
};

}  // namespace troupe::gossip
