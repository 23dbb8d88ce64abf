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

#include <troupe/actor/bound_actor.hpp>
#include <troupe/actor/environment.hpp>
#include <troupe/base/alarms.hpp>
#include <troupe/gossip/gossip_options.hpp>
#include <troupe/gossip/key_desk.hpp>
#include <troupe/gossip/seed_list.hpp>
#include <troupe/gossip/sync_streams.hpp>
#include <troupe/membership/core.hpp>
#include <troupe/membership/event_history.hpp>
#include <troupe/membership/observation.hpp>
#include <troupe/membership/worker_lag.hpp>
#include <troupe/transport/datagram_socket.hpp>
#include <troupe/transport/timer.hpp>

namespace troupe::gossip {

class gossip_actor final : public actor::bound_actor, private sync_streams::party {
 public:
  struct collaborators {
    /// Who is not as before, as they are now.
    std::function<void(std::vector<membership::member>)> members_changed;
    std::function<void(const membership::event&)> happened;  // on the event loop's thread
  };

  gossip_actor(caf::actor_config& config, caf::execution_unit* where, const actor::environment& shared,
               const gossip_options& options, transport::owned_fd udp, collaborators others);
  ~gossip_actor() override;

  // From any thread: each happens in a later turn.

  void publish(std::vector<membership::service_entry> services);
  void set_mode(membership::mode mode);
  /// Their processes live: something came from them on a link.
  void heard_from(std::vector<identity> peers);
  /// The seeds are added, and asked at once, also by a node that is among others: that joins two clusters of
  /// one name.
  void join(std::vector<std::string> seeds);
  /// `left` runs once enough peers have acknowledged it, or membership::options::leave_limit has passed.
  void leave(std::function<void()> left);
  void stop(std::function<void()> ended);
  /// A peer's message of a sync, on the link of that number; `answer` is called on the event loop's thread.
  void exchange(std::uint64_t stream, std::vector<std::byte> message, sync_streams::reply answer);
  void exchange_cut(std::uint64_t stream);
  struct report {
    std::vector<membership::member> members;
    bool joined = false;
    actor::counters counted;
  };
  void inspect(std::function<void(report)> take);
  /// What happened after the event of that number; `last` is the number of the last one.
  struct past {
    std::vector<membership::past_event> events;
    std::uint64_t last = 0;
  };
  void history(std::uint64_t after, std::function<void(past)> take);
  /// See crypto/key_order.hpp.
  void order_keys(std::vector<std::byte> order, std::function<void(result<std::string>)> take);
  void inspect_keys(std::function<void(key_desk::report)> take);

 protected:
  void begin() override;
  void turn() override;

 private:
  enum class deadline { look, resolve, observe, count };

  membership::sync_session begin_sync(endpoint with, membership::sync_message& opening) override;
  result<membership::sync_session> serve_sync() override;
  result<std::optional<membership::sync_message>> receive_sync(membership::sync_session& session,
                                                               const membership::sync_message& what) override;
  void end_sync(membership::sync_session& session) override;
  void exchange_failed() override;
  membership::sync_message ask_presence(identity who) override;
  void stream_answered(identity who) override;
  void settle() override;

  void receive(std::span<const std::byte> packet, const endpoint& from);
  void send_packet(const membership::actions::send& what);
  void tell_rings();
  void meet_stranger(time_point now);
  void observe_again(time_point now);
  void resolve_seeds();
  void seeds_resolved(const seed_list::resolution& outcome);
  void settle(time_point now);
  std::string name_of(node_id who) const;
  bool has_joined() const;
  void look_at_workers(time_point now);
  void ring();
  void arm();

  const actor::environment& shared_;
  gossip_options options_;
  collaborators others_;
  transport::event_loop& loop_;
  std::uint64_t cluster_;
  key_desk keys_;
  crypto::gossip_seal& seal_;
  membership::core core_;
  std::unique_ptr<transport::datagram_socket> socket_;
  std::unique_ptr<transport::timer> timer_;
  membership::actions actions_;
  membership::observation observed_;  // observers only
  sync_streams streams_;
  seed_list seeds_;
  std::size_t next_seed_ = 0;
  membership::event_history history_;
  membership::worker_lag lag_;
  std::function<void()> left_;  // whom to tell that this node has left
  duration loop_late_{0};
  bool greeting_ = false;  // the seeds are to be asked whether this node has joined or not
  std::string last_problem_;
  alarms<deadline> due_;
  std::uint64_t foreign_packets_ = 0;
  std::uint64_t bad_packets_ = 0;
};

}  // namespace troupe::gossip
