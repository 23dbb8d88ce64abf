// Membership's actor: UDP packets and streams on one side, the core in the middle, the router and whoever
// watches on the other.
//
// Only changes leave: one batch to the router for each turn that brought any. The router never asks.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <troupe/membership/core.hpp>
#include <troupe/runtime/bound_actor.hpp>
#include <troupe/runtime/environment.hpp>
#include <troupe/runtime/gossip_actor_options.hpp>
#include <troupe/runtime/router_actor.hpp>
#include <troupe/transport/datagram_socket.hpp>
#include <troupe/transport/link.hpp>
#include <troupe/transport/timer.hpp>

namespace troupe::runtime {

class gossip_actor final : public bound_actor, public transport::link::owner {
 public:
  struct collaborators {
    std::function<void(std::vector<node_change>)> nodes_changed;
    std::function<void(const membership::event&)> happened;  // on the event loop's thread
  };

  gossip_actor(caf::actor_config& config, caf::execution_unit* where, const environment& shared,
               const gossip_options& options, transport::owned_fd udp, collaborators others);
  ~gossip_actor() override;

  // From any thread: each happens in a later turn.

  void publish(std::vector<membership::service_entry> services);
  void set_mode(membership::mode mode);
  void join(std::vector<std::string> seeds);
  /// `left` runs once the news is out.
  void leave(std::function<void()> left);
  void stop(std::function<void()> ended);
  /// A peer's snapshot; `answer` gets this node's, on the event loop's thread.
  void exchange(std::vector<std::byte> snapshot, std::function<void(std::vector<std::byte>)> answer);
  struct report {
    std::vector<membership::member> members;
    bool joined = false;
    runtime::counters counted;
  };
  void inspect(std::function<void(report)> take);

 protected:
  void begin() override;
  void turn() override;

 private:
  /// A stream to a peer, for one exchange of snapshots.
  struct exchange_link {
    std::unique_ptr<transport::link> connection;
    endpoint with;
    time_point limit{};
    bool welcomed = false;
    bool done = false;
  };

  void on_open(transport::link& which) override;
  void on_frames(transport::link& which, std::vector<wire::frame>& frames) override;
  void on_closed(transport::link& which, const std::string& why) override;
  void on_congestion(transport::link&, congestion) override {}

  void receive(std::span<const std::byte> packet, const endpoint& from);
  void begin_exchange(endpoint with, time_point now);
  void read_frame(transport::link& which, exchange_link& on, const wire::frame& what);
  void take_snapshot(std::span<const std::byte> bytes, time_point now);
  void observe(const membership::snapshot& seen, time_point now);
  void observe_again(time_point now);
  void resolve_seeds();
  void seeds_resolved(std::vector<endpoint> found, std::vector<std::string> problems);
  void settle(time_point now);
  void note(const membership::event& what);
  void ring();
  void arm();
  std::vector<std::byte> own_snapshot() const;

  const environment& shared_;
  gossip_options options_;
  collaborators others_;
  transport::event_loop& loop_;
  std::uint64_t cluster_;
  membership::core core_;
  std::unique_ptr<transport::datagram_socket> socket_;
  std::unique_ptr<transport::timer> timer_;
  membership::actions actions_;
  std::map<std::uint64_t, exchange_link> exchanges_;
  std::uint64_t last_exchange_ = 0;
  std::map<node_id, membership::member> observed_;  // observers only
  std::vector<endpoint> seeds_;
  std::size_t next_seed_ = 0;
  time_point next_resolve_ = never;
  time_point next_observation_ = never;
  std::uint64_t foreign_packets_ = 0;
  std::uint64_t bad_packets_ = 0;
  std::uint64_t failed_exchanges_ = 0;
  bool observed_once_ = false;
};

}  // namespace troupe::runtime
