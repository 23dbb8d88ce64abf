// The requests and attempts of a run: slots that are reused, so that a request costs no allocation.
//
// A request is live until its client finishes it; its slot is kept until its last attempt is gone, too, so
// that executions can be counted to the end. An attempt has one owner at a time: the network, a server, the
// network again. References carry a generation, since both sides may hold one for too long.
#pragma once

#include <cstdint>
#include <vector>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/rpc/criticality.hpp>
#include <troupe/rpc/load_report.hpp>
#include <troupe/rpc/safety.hpp>

#include "contender.hpp"

namespace troupe::simulator {

struct request_ref {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
};
struct attempt_ref {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
};

struct request {
  time_point arrived{}, deadline{};
  double work = 0;  // seconds at speed 1
  std::uint64_t key = 0;
  std::uint32_t router = 0;
  std::uint32_t method = 0;
  std::uint32_t generation = 0;
  std::uint32_t attempts_out = 0;
  std::uint32_t executions = 0;
  std::uint32_t mark = 0;  // the client's own
  rpc::criticality criticality = rpc::criticality::normal;
  bool live = false;
};

struct attempt {
  std::uint64_t tag = 0;  // the client's own
  time_point sent{}, deadline{};
  time_point arrived{}, started{};  // at the server
  duration longest_wait{0};         // of its turn there
  std::uint32_t request = 0;
  std::uint32_t generation = 0;
  server_index server = 0;
  std::uint32_t router = 0;
  std::uint32_t bounce_at = 0;
  rpc::attempt_kind kind = rpc::attempt_kind::first;
  enum class wanted : std::uint8_t { yes, no } still = wanted::yes;  // does the client wait for it
  ending how = ending::success;
  bool counted = false;  // as in flight at its server
  bool reports = false;  // its answer brings `report`
  rpc::load_report report;
  rpc::advice advice = rpc::advice::may_retry;  // of a refusal
};

class ledger {
 public:
  std::uint32_t open_request() { return open(requests_, free_requests_); }
  /// Its client is done with it.
  void close_request(std::uint32_t slot) {
    TROUPE_INVARIANT(requests_[slot].live);
    requests_[slot].live = false;
    if (requests_[slot].attempts_out == 0) retire(slot);
  }
  std::uint32_t open_attempt(std::uint32_t of) {
    ++requests_[of].attempts_out;
    const auto slot = open(attempts_, free_attempts_);
    attempts_[slot].request = of;
    return slot;
  }
  void close_attempt(std::uint32_t slot) {
    const auto of = attempts_[slot].request;
    ++attempts_[slot].generation;
    free_attempts_.push_back(slot);
    if (--requests_[of].attempts_out == 0 && !requests_[of].live) retire(of);
  }

  simulator::request& request(std::uint32_t slot) { return requests_[slot]; }
  const simulator::request& request(std::uint32_t slot) const { return requests_[slot]; }
  simulator::attempt& attempt(std::uint32_t slot) { return attempts_[slot]; }
  simulator::request& request_of(const simulator::attempt& it) { return requests_[it.request]; }
  request_ref reference(std::uint32_t slot) const { return {slot, requests_[slot].generation}; }
  bool current(request_ref it) const {
    return requests_[it.slot].generation == it.generation && requests_[it.slot].live;
  }
  bool current(attempt_ref it) const { return attempts_[it.slot].generation == it.generation; }
  /// Executions of a request beyond its first, of those that are gone.
  std::uint64_t repeats() const { return repeats_; }
  /// Attempts that somebody still owns.
  std::size_t attempts_open() const { return attempts_.size() - free_attempts_.size(); }

 private:
  template <class T>
  static std::uint32_t open(std::vector<T>& all, std::vector<std::uint32_t>& free) {
    if (free.empty()) {
      all.emplace_back();
      return static_cast<std::uint32_t>(all.size() - 1);
    }
    const auto slot = free.back();
    free.pop_back();
    const auto generation = all[slot].generation;
    all[slot] = {};
    all[slot].generation = generation;
    return slot;
  }
  void retire(std::uint32_t slot) {
    if (requests_[slot].executions > 1) repeats_ += requests_[slot].executions - 1;
    ++requests_[slot].generation;
    free_requests_.push_back(slot);
  }

  std::vector<simulator::request> requests_;
  std::vector<simulator::attempt> attempts_;
  std::vector<std::uint32_t> free_requests_, free_attempts_;
  std::uint64_t repeats_ = 0;
};

}  // namespace troupe::simulator
