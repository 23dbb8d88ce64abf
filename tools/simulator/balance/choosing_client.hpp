// The plainest of routers around a contender: it sends a request where the contender says, and at most
// repeats it at once and without a budget, as the scenario asks for.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "client.hpp"

namespace troupe::simulator {

class choosing_client : public client {
 public:
  choosing_client(const scenario& what, std::unique_ptr<contender> chooser, stage& on);

  std::uint32_t begin(const order& what, time_point now) override;
  void answered(std::uint64_t tag, server_index from, const reply& came, time_point now) override;
  void probed(server_index from, const rpc::load_report& load, duration round_trip, time_point now) override {
    chooser_->probed(from, load, round_trip, now);
  }
  void expired(std::uint32_t slot, time_point now) override;
  void wake(time_point now) override;
  void tick(time_point now) override { chooser_->tick(now); }
  void appeared(server_index which, time_point now) override;
  void draining(server_index which, time_point now) override { left(which, now); }
  void left(server_index which, time_point now) override;

 private:
  struct pending {
    order what;
    attempt_ref sent_as;
    server_index at = 0;
    time_point sent{};
    std::uint32_t tries = 0;
    std::uint32_t life = 0;
    enum class phase : std::uint8_t { free, held, under_way } now = phase::free;
  };
  struct timer {  // attempt_timeout, in the order of sending
    time_point due{};
    std::uint32_t slot = 0, life = 0, tries = 0;
  };

  enum class placed : bool { no, yes };
  placed place(std::uint32_t slot, time_point now);
  void place_or_hold(std::uint32_t slot, time_point now);
  void attempt_over(pending& it, ending how, const rpc::load_report* load, time_point now);
  bool repeats(const pending& it, time_point now) const;
  void finish(std::uint32_t slot, ending how);

  const scenario& what_;
  std::unique_ptr<contender> chooser_;
  stage& stage_;
  std::vector<pending> slots_;
  std::vector<std::uint32_t> free_;
  std::deque<std::uint32_t> held_;
  std::deque<timer> timers_;
  std::vector<server_index> probes_;
  std::vector<std::uint8_t> known_;  // by server: announced to the contender
};

}  // namespace troupe::simulator
