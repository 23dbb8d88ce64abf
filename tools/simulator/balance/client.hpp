// A router as the simulated world sees it: it is handed requests and news, and acts on a stage.
//
// Two kinds take part: choosing_client around a contender, which places one attempt (or repeats it naively),
// and routing_client around routing::router with all it does.
#pragma once

#include <memory>
#include <span>

#include <troupe/rpc/criticality.hpp>
#include <troupe/rpc/load_report.hpp>
#include <troupe/rpc/safety.hpp>

#include "contender.hpp"
#include "ledger.hpp"
#include "scenario.hpp"

namespace troupe::simulator {

/// What a client may do. Nothing in here calls back into the client.
class stage {
 public:
  virtual ~stage() = default;
  /// Sends the request; `tag` comes back with the answer, and so does the request where it meets `bounce_at`
  /// others or more; 0: never.
  virtual attempt_ref transmit(request_ref what, server_index to, std::uint64_t tag, rpc::attempt_kind which,
                               std::uint32_t bounce_at) = 0;
  /// Nobody waits for the attempt any more: its answer will not come, and the server is told. Nothing happens
  /// when it has been answered.
  virtual void withdraw(attempt_ref what) = 0;
  /// Exactly once for each request.
  virtual void finish(request_ref what, ending how, server_index by) = 0;
  virtual void probe(server_index whom) = 0;
  /// Who may take it, as membership knows them now: ascending; empty when nobody is there.
  virtual std::span<const server_index> candidates(request_ref what) const = 0;
  /// `client::wake` is wanted at this time; earlier wishes stay.
  virtual void wake_at(time_point when) = 0;
};

/// What came back of an attempt.
struct reply {
  ending how = ending::success;
  const rpc::load_report* load = nullptr;  // null when the server could not be reached, or was lost meanwhile
  rpc::advice advice = rpc::advice::may_retry;  // of a refusal
};

/// A request as a client is handed it.
struct order {
  request_ref ref;
  errand what;
  time_point deadline{};
  rpc::criticality criticality = rpc::criticality::normal;
};

class client {
 public:
  virtual ~client() = default;

  /// Returns a mark of its own, which comes back in `expired`.
  virtual std::uint32_t begin(const order& what, time_point now) = 0;
  virtual void answered(std::uint64_t tag, server_index from, const reply& came, time_point now) = 0;
  virtual void probed(server_index from, const rpc::load_report& load, duration round_trip,
                      time_point now) = 0;
  /// The request's deadline has come and it is not finished: finish it, now or within a tick.
  virtual void expired(std::uint32_t mark, time_point now) = 0;
  virtual void wake(time_point now) = 0;
  virtual void tick(time_point now) = 0;

  virtual void appeared(server_index which, time_point now) = 0;
  virtual void draining(server_index which, time_point now) = 0;
  virtual void left(server_index which, time_point now) = 0;
  /// The connection to it breaks, or can be made again.
  virtual void link(server_index which, bool up, time_point now) { (void)which, (void)up, (void)now; }
  /// Every 250 ms for each server whose connection is up.
  virtual void keep_alive(server_index which, bool answered, time_point now) {
    (void)which, (void)answered, (void)now;
  }
  virtual bool wants_keep_alive() const { return false; }
};

}  // namespace troupe::simulator
