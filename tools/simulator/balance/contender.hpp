// What takes part in the comparison: one router's way of choosing a server, ours and everybody else's alike.
//
// A contender sees what such a router sees in production: the requests it is asked to place, the answers with
// the load reports in them, and the probes that it asked for. It never sees the simulated servers; only the
// oracle does. One object is one router (one client); routers share nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/base/random.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/rpc/load_report.hpp>

namespace troupe::simulator {

using server_index = std::uint32_t;

/// One request to be placed.
struct errand {
  std::uint32_t method = 0;
  std::optional<std::uint64_t> key;
  std::span<const server_index>
      candidates;  // ascending, not empty; all servers unless the scenario restricts
  enum class again : bool { no, bounced } after = again::no;
};

enum class ending : std::uint8_t {
  success,
  failure,    // the server answered with an error
  refused,    // the server answered that it is overloaded, and did nothing
  bounced,    // the request met as many others as `bounce_at` said, and came back
  timed_out,  // no answer by the request's deadline
};

/// What became of a request that was sent.
struct verdict {
  server_index from = 0;
  std::uint32_t method = 0;
  time_point sent{};
  ending how = ending::success;
  const rpc::load_report* load = nullptr;  // null where nothing came back
};

class contender {
 public:
  virtual ~contender() = default;

  /// Who takes this request: one of its candidates, and it counts as sent there. Nothing: hold it back (C3's
  /// rate control does); it is asked again at `held_until`.
  virtual std::optional<server_index> choose(const errand& what, time_point now) = 0;
  virtual time_point held_until() const { return never; }
  /// Of what was chosen last: with so many requests at the server already, it is to come back, and `choose`
  /// is asked anew, once. 0: never.
  virtual std::uint32_t bounce_at() const { return 0; }

  /// Exactly once for each request that was sent.
  virtual void ended(const verdict& what, time_point now) = 0;

  /// Called after each `choose`: appends the servers to be asked for their load now.
  virtual void probe(time_point now, std::vector<server_index>& out) { (void)now, (void)out; }
  /// A probe's answer. A probe to a server that is frozen or gone is never answered.
  virtual void probed(server_index from, const rpc::load_report& load, duration round_trip, time_point now) {
    (void)from, (void)load, (void)round_trip, (void)now;
  }

  /// Every 10 ms, for what ages by itself.
  virtual void tick(time_point now) { (void)now; }

  /// A server appears or leaves, as membership would tell. All present servers are announced before the first
  /// request.
  virtual void appeared(server_index which, time_point now) { (void)which, (void)now; }
  virtual void left(server_index which, time_point now) { (void)which, (void)now; }
};

/// The truth about the servers, for the oracle alone.
class truth {
 public:
  virtual ~truth() = default;
  /// Requests on their way to it, queued there and being served.
  virtual std::uint32_t in_flight(server_index which) const = 0;
  /// Requests it can serve at once without slowing each other.
  virtual double workers(server_index which) const = 0;
  /// Work per second of one worker now, relative to the nominal 1; 0 when it answers nobody (or nothing
  /// well).
  virtual double speed(server_index which) const = 0;
  /// Time that a request spends on the network, there and back.
  virtual duration network(server_index which) const = 0;
  /// Mean time a request takes to serve at speed 1.
  virtual duration mean_work() const = 0;
};

/// How far a server is from this router.
enum class proximity : std::uint8_t { same_host, same_zone, same_region, remote };

/// What a router is told at its start.
struct contest {
  std::uint32_t servers = 0;           // indices 0 to servers - 1, of which some may appear later
  std::uint32_t routers = 1;           // in all
  std::uint32_t router = 0;            // this one's index
  std::uint32_t workers = 1;           // of a server, as configured (C3's and gRPC's weights need none of it)
  duration deadline{0};                // of a request
  std::vector<double> static_weights;  // by server, for static weighted policies; empty: equal
  std::vector<proximity> zones;        // by server; empty: all same_zone
  const simulator::truth* oracle = nullptr;  // outlives the contender
  std::map<std::string, double> settings;    // of our own options, by name: `--set cost_floor=2ms`
};

/// Every known name, in the order of the tables.
std::vector<std::string> contender_names();
/// Errors: invalid_argument listing the names.
result<std::unique_ptr<contender>> make_contender(std::string_view name, const contest& of,
                                                  std::uint64_t seed);

}  // namespace troupe::simulator
