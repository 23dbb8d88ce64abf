// A cluster of membership cores on a simulated network, in virtual time: what happens, and nothing of when.
//
// Every process has a clock of its own, which starts anywhere and runs at its own rate. A process that stands
// still keeps what arrives in its socket, as far as that has room, and reads it when it goes on. Streams have
// latency, share their sender's uplink, and break as TCP's do. The witness is told of everything.
//
// One seed is one run: all draws come from generators that are seeded by it, and events of the same instant
// happen in the order in which they were planned.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <troupe/membership/core.hpp>

#include "../event_queue.hpp"
#include "modes.hpp"
#include "network.hpp"
#include "witness.hpp"

namespace troupe::simulator {

/// What a UDP packet takes beside the message: IPv4 and UDP headers, and the seal (key id, nonce, tag).
inline constexpr std::size_t packet_envelope_bytes = 28 + 40;

struct cluster_options {
  membership_mode mode;
  simulator::weather weather;
  double skew = 0;
  std::uint32_t services = 1;
  std::size_t watched_max = 2100;  // views kept by the witness: its memory is their square
  bool tolerant = false;           // of broken rules
  std::uint64_t seed = 1;
};

class cluster {
 public:
  explicit cluster(const cluster_options& how);
  ~cluster();
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;

  // --- Processes ---------------------------------------------------------------------------------------

  /// A place for a node, with a name and an address of its own, that does not run yet.
  std::uint32_t add();
  /// Starts its process, a new life of it. Seeds are asked; without any it is alone until somebody comes.
  /// They are names: until one has answered it hears of their new addresses.
  void start(std::uint32_t node, const std::vector<std::uint32_t>& seeds, disk kept = disk::kept,
             new_address where = new_address::same);
  /// All of them at once, each knowing all the others.
  void start_together(std::uint32_t nodes);
  void crash(std::uint32_t node);
  void pause(std::uint32_t node, duration how_long);
  /// Its messages wait for so long, in and out, and its timers do not.
  void block(std::uint32_t node, duration how_long);
  /// Its process ends `linger` later.
  void leave(std::uint32_t node, duration linger = 1s);
  void publish(std::uint32_t node, std::uint32_t services);
  void set_mode(std::uint32_t node, membership::mode mode);

  // --- The network -------------------------------------------------------------------------------------

  /// Beside the weather; replaces what was set before. Kinds: loss, delay, cut.
  void set_troubles(const std::vector<fault>& all);

  // --- Time --------------------------------------------------------------------------------------------

  /// To `until`, or to the first broken rule.
  void run_to(time_point until);
  void run(duration how_long) { run_to(now_ + how_long); }
  /// In steps of `step`: how long it took, or nothing within `limit`.
  std::optional<duration> run_until(duration limit, const std::function<bool()>& condition,
                                    duration step = 100ms);
  time_point now() const { return now_; }

  // --- What there is to see ----------------------------------------------------------------------------

  const cluster_options& how() const { return how_; }

  std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  bool running(std::uint32_t node) const { return nodes_[node].up; }
  /// In the order in which they started.
  const std::vector<std::uint32_t>& running_nodes() const { return up_; }
  bool paused(std::uint32_t node) const { return hears_nothing(nodes_[node]); }
  /// It runs.
  const membership::core& brain(std::uint32_t node) const { return *nodes_[node].brain; }
  node_id id(std::uint32_t node) const { return nodes_[node].id; }
  const witness& seen_by_all() const { return witness_; }
  witness& seen_by_all() { return witness_; }
  /// No packet was lost and no process stood still since then.
  bool calm_since(time_point when) const { return !ever_disturbed_ || disturbed_until_ <= when; }
  bool agree() const { return witness_.disagreements() == 0; }
  const network::counters& weather_counted() const { return network_.counted(); }
  /// Every running core against what its events said. Not while events of theirs wait for their batch.
  void compare_all();

  struct counters {
    std::uint64_t packets = 0, packet_bytes = 0, streams = 0, stream_bytes = 0;
    std::uint64_t pauses = 0, crashes = 0, starts = 0, restarts = 0, lost_disks = 0, leaves = 0, replays = 0;
    std::uint64_t socket_overflows = 0, superseded = 0, notes = 0;
    std::size_t largest_packet = 0;
    std::uint64_t events = 0;  // of the simulator
  };
  const counters& counted() const { return counted_; }
  /// Sent by this node, in bytes, streams included.
  std::uint64_t sent_by(std::uint32_t node) const { return nodes_[node].sent_bytes; }
  /// CPU that this node's core has taken so far; measured for node 0 only, which the others join through.
  duration cpu_of_first() const { return cpu_of_first_; }
  /// Everything that happened, in one number.
  std::uint64_t trace() const { return trace_; }

  /// A forger on the wire, for tests of the rules: it may change any packet.
  void set_forger(std::function<void(membership::packet&)> forger) { forger_ = std::move(forger); }
  /// Notes every call of one node's core from now on, so that its work can be done again and timed.
  void record(std::uint32_t node);
  /// Seconds that the recorded calls take, each after other work has filled the caches, as in a process that
  /// calls its core a few times a second; the median of `rounds`.
  double cost_of_recorded(int rounds) const;

 private:
  struct place {
    std::unique_ptr<membership::core> brain;
    std::string name;
    node_id id;
    std::uint32_t address = 0;
    std::uint64_t epoch = 0;  // the last one
    bool up = false;
    bool leaving = false;
    std::uint32_t life = 0;
    std::vector<std::uint32_t> seeds;  // of this life
    double rate = 1;
    duration offset{0};  // of its clock
    time_point scheduled = never;
    time_point paused_until{};
    time_point uplink_free{};
    time_point blocked_until{};
    std::size_t buffered_bytes = 0;
    std::vector<membership::actions::send> held;  // to be sent once it is not blocked any more
    std::vector<std::uint32_t> buffered;          // packets
    std::vector<std::uint32_t> stalled;           // streams
    std::uint64_t sent_bytes = 0;
    std::uint64_t limited = 0;   // accusations refused so far in this life, and
    time_point limited_until{};  // how long one may come again and count
    std::uint64_t told_incarnation = ~std::uint64_t{0};
    std::uint64_t told_version = ~std::uint64_t{0};
  };
  struct flying {  // a packet
    membership::packet what;
    std::uint32_t from = 0;
    std::uint32_t bytes = 0;
    std::uint32_t copies = 0;  // planned arrivals
    bool read = false;
  };
  struct stream;
  struct occurrence {
    enum class kind : std::uint8_t {
      packet,
      replay,
      tick,
      resume,
      unblock,
      end,
      stream_opened,
      stream_message,
      stream_broken,
    } what = kind::tick;
    std::uint32_t node = 0;
    std::uint32_t slot = 0;
    std::uint32_t life = 0;
  };
  struct recorded_call {
    time_point at{};
    endpoint from;  // nobody: a tick
    membership::packet what;
  };

  bool hears_nothing(const place& it) const { return it.paused_until > now_ || it.blocked_until > now_; }
  time_point clock(const place& of) const;
  time_point from_clock(const place& of, time_point local) const;
  endpoint address_of(std::uint32_t number) const;
  std::uint32_t node_at(const endpoint& where) const;
  void trace(std::uint64_t what) { trace_ = mix(trace_ ^ what) + 1; }

  template <class Act>
  void perform(std::uint32_t node, Act&& act, witness::arrival how = witness::arrival::first);
  void settle(std::uint32_t node, membership::actions& out, witness::arrival how);
  void schedule(std::uint32_t node);
  void perform_occurrence(const occurrence& what);
  void tick(std::uint32_t node, const occurrence& what);
  circumstances why(std::uint32_t observer);
  void disturbed_until(time_point when);

  // cluster_processes.cpp
  void bring_up(std::uint32_t node, disk kept, new_address where);
  void introduce_all();
  void ask_seeds(std::uint32_t node);
  std::vector<membership::service_entry> offered(std::uint32_t count) const;
  void hold(std::uint32_t node, time_point& until, duration how_long, occurrence::kind its_end);
  void resume(std::uint32_t node);
  void unblock(std::uint32_t node);
  void read_what_waits(std::uint32_t node);
  void end_process(std::uint32_t node);

  // cluster_packets.cpp
  void send(std::uint32_t from, membership::actions::send& sent);
  void plan_arrival(std::uint32_t slot, std::uint32_t to, duration takes);
  void plan_replay(std::uint32_t slot, std::uint32_t to);
  void packet_comes(const occurrence& what);
  void arrive(std::uint32_t slot, std::uint32_t to, witness::arrival how);
  void release(std::uint32_t slot);

  // cluster_streams.cpp
  enum class purpose : std::uint8_t { sync, ping };
  void open_stream(std::uint32_t from, const endpoint& to, purpose what, identity who);
  void stream_opened(std::uint32_t slot);
  void stream_message(std::uint32_t slot, std::uint32_t to);
  void stream_broken(std::uint32_t slot);
  void send_on(std::uint32_t slot, std::uint32_t from, membership::sync_message message);
  void hear_on(std::uint32_t slot, std::uint32_t at);
  void close_stream(std::uint32_t slot);
  bool both_there(const stream& what) const;

  cluster_options how_;
  random_source random_;
  network network_;
  witness witness_;
  time_point now_{1h};
  event_queue<occurrence> queue_;
  std::vector<place> nodes_;
  std::vector<std::uint32_t> up_;
  std::vector<std::uint32_t> owner_;  // of an address
  std::vector<flying> air_;
  std::vector<std::uint32_t> free_air_;
  std::vector<stream> streams_;
  std::vector<std::uint32_t> free_streams_;
  membership::actions scratch_;
  time_point disturbed_until_{};
  bool ever_disturbed_ = false;
  duration forgiveness_{0};
  std::uint64_t trace_ = 1;
  counters counted_;
  std::function<void(membership::packet&)> forger_;
  std::uint32_t recorded_node_ = ~0u;
  std::optional<membership::core> recorded_core_;
  std::vector<recorded_call> recorded_;
  duration cpu_of_first_{0};
};

}  // namespace troupe::simulator
