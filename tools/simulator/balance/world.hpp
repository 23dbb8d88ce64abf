// One run: a scenario's cell, one kind of router, one seed, in virtual time.
//
// Arrivals, the work in them and the servers' speeds come from streams of their own, so that every contender
// with the same seed meets the same requests at the same servers; only what it chooses differs.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client.hpp"
#include "happening.hpp"
#include "outcome.hpp"
#include "server.hpp"

namespace troupe::simulator {

/// Who routes: a contender by name, "troupe" for the whole router, or one made by a test.
struct entrant {
  std::string name;
  std::map<std::string, double> settings{};  // contest::settings
  std::function<std::unique_ptr<contender>(const contest&, std::uint64_t seed)>
      make{};  // instead of the name
};

/// Why this entrant cannot take part in the scenario; empty when it can.
std::string unfit(const entrant& who, const scenario& what);

/// Errors: invalid_argument for a name that nobody has.
result<outcome> run(const scenario& what, const entrant& who, std::uint64_t seed);

class world : public stage, public truth {
 public:
  world(const scenario& what, std::uint64_t seed);
  ~world() override;
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  /// Errors: of make_contender.
  result<void> enter(const entrant& who);
  /// To the end of the last request; once.
  outcome run();

 private:
  struct place {  // a server and what is wrong with it
    simulator::server server;
    random_source speeds;
    double base = 1, draw = 1, factor = 1;
    std::optional<std::uint32_t> lot{};  // of the speed's ranges
    bool sinkhole = false;
    bool present = true;
    std::uint32_t failing_method = ~0u;
  };
  struct change {  // of the timeline
    enum class kind : std::uint8_t {
      factor,
      sinkhole,
      frozen,
      stumble,
      method,
      down,
      up,
      told_draining,
      told_left,
      told_appeared,
    };
    duration at{0};
    kind what = kind::factor;
    server_index server = 0;
    double value = 0;  // factor; 0 or 1; seconds; method
  };
  struct due {
    time_point at{};
    request_ref whose;
  };
  struct probing {
    std::uint32_t router = 0;
    server_index server = 0;
    time_point sent{};
    rpc::load_report load;
  };

  // stage
  attempt_ref transmit(request_ref what, server_index to, std::uint64_t tag, rpc::attempt_kind which,
                       std::uint32_t bounce_at) override;
  void withdraw(attempt_ref what) override;
  void finish(request_ref what, ending how, server_index by) override;
  void probe(server_index whom) override;
  std::span<const server_index> candidates(request_ref what) const override;
  void wake_at(time_point when) override;

  // truth
  std::uint32_t in_flight(server_index which) const override;
  double workers(server_index which) const override;
  double speed(server_index which) const override;
  duration network(server_index which) const override;
  duration mean_work() const override { return what_.work.mean; }

  // What happens (world.cpp)
  void perform(const happening& what);
  void schedule_arrival();
  void request_arrives();
  std::size_t cell_of(const attempt& what);
  void attempt_arrives(std::uint32_t slot);
  void bounce(std::uint32_t slot);
  void refuse(std::uint32_t slot);
  void attempt_done(std::uint32_t slot, std::uint32_t generation);
  void sharing_due(server_index which, std::uint32_t generation);
  void answer_arrives(std::uint32_t slot);
  void answer(std::uint32_t slot, ending how);
  void withdraw_arrives(std::uint32_t slot, std::uint32_t generation);
  void probe_arrives(std::uint32_t slot);
  void probe_answered(std::uint32_t slot);
  void expire(time_point until);
  void tick();
  void keep_alive();

  // What goes wrong (world_troubles.cpp)
  void plan_troubles();
  void plan(const incident& what);
  void add(duration at, change::kind what, server_index server, double value = 0);
  void apply(const change& what);
  void go_down(server_index which);
  void read_on(server_index which);
  void draw_speed(server_index which);
  void set_speed(server_index which);
  void tell(const change& what);

  std::uint32_t zone_of(std::uint32_t which) const { return which % what_.network.zones; }
  duration one_way(std::uint32_t router, server_index which) const;
  using refusing = server::refusing;
  rpc::load_report report(server_index which, std::uint32_t router,
                          refusing now_refusing = refusing::no) const;
  double draw_work();
  rpc::criticality draw_criticality();
  template <class Act>
  void with_client(std::uint32_t router, Act act) {
    acting_ = router;
    act(*clients_[router]);
  }

  const scenario& what_;
  const std::uint64_t seed_;
  const time_point start_{100s};
  time_point now_ = start_;
  random_source arrivals_;
  happenings next_;
  ledger all_;
  std::vector<place> places_;
  std::vector<std::uint32_t> on_the_way_;  // by server
  std::vector<std::unique_ptr<client>> clients_;
  std::vector<time_point> wakes_;  // by router
  std::uint32_t acting_ = 0;       // the router whose client is being called
  std::vector<change> timeline_;
  std::vector<server_index> announced_;
  std::vector<server_index> groups_;  // of servers.group, one after the other
  std::vector<double> shares_;        // cumulative, by router
  std::deque<due> deadlines_;
  std::vector<probing> probes_;
  std::vector<std::uint32_t> free_probes_;
  std::vector<std::uint32_t> done_;
  std::vector<double> weights_;
  std::uint64_t live_ = 0;
  bool keeps_alive_ = false;

  std::vector<sample> samples_;
  series over_time_;
  tally counted_;
};

}  // namespace troupe::simulator
