// The whole router as a participant: routing::router with its retries, backups and failover, driven as its
// actor drives it, links and keep-alives included. "troupe" in the tables.
#pragma once

#include <vector>

#include <troupe/routing/router.hpp>

#include "client.hpp"

namespace troupe::simulator {

class routing_client : public client {
 public:
  routing_client(const scenario& what, const contest& of, std::uint64_t seed, stage& on, time_point now);

  std::uint32_t begin(const order& what, time_point now) override;
  void answered(std::uint64_t tag, server_index from, const reply& came, time_point now) override;
  void probed(server_index from, const rpc::load_report& load, duration round_trip, time_point now) override;
  void expired(std::uint32_t, time_point now) override { wake(now); }
  void wake(time_point now) override;
  void tick(time_point) override {}
  void appeared(server_index which, time_point now) override;
  void draining(server_index which, time_point now) override;
  void left(server_index which, time_point now) override;
  void link(server_index which, bool up, time_point now) override;
  void keep_alive(server_index which, bool answered, time_point now) override;
  bool wants_keep_alive() const override { return true; }

 private:
  struct peer {
    std::uint64_t epoch = 1;
    bool known = false;
    int missed = 0;  // keep-alives
  };
  struct pending {
    request_ref what;
    server_index last = 0;
    attempt_ref attempts[routing::call_state::attempts_recorded_max];
  };

  static node_id id_of(server_index which) { return {10 + which}; }
  static server_index index_of(node_id node) { return static_cast<server_index>(node.value - 10); }
  pending& pending_of(call_id call);
  void report(server_index which, routing::node_status status, time_point now);
  void perform();

  const scenario& what_;
  stage& stage_;
  std::vector<proximity> zones_;
  routing::router core_;
  routing::service_ref service_;
  std::vector<peer> peers_;
  std::vector<pending> pending_;  // by slot of the call
  routing::actions out_;
  attempt_id failing_;  // the answer that is being delivered says that it failed
};

}  // namespace troupe::simulator
