#include "oracle.hpp"

#include <algorithm>

#include "choosing.hpp"

namespace troupe::simulator {

namespace {

class rif_oracle final : public contender {
 public:
  rif_oracle(const contest& of, std::uint64_t seed) : truth_(*of.oracle), random_(seed) {}

  std::optional<server_index> choose(const errand& what, time_point) override {
    return least(what.candidates, random_, [&](server_index each) {
      return truth_.in_flight(each) / std::max(1e-9, truth_.workers(each));
    });
  }
  void ended(const verdict&, time_point) override {}

 private:
  const truth& truth_;
  random_source random_;
};

class oracle final : public contender {
 public:
  oracle(const contest& of, std::uint64_t seed) : truth_(*of.oracle), random_(seed) {}

  std::optional<server_index> choose(const errand& what, time_point) override {
    return least(what.candidates, random_, [&](server_index each) { return expected(each); });
  }
  void ended(const verdict&, time_point) override {}

 private:
  double expected(server_index which) const {
    // Finite, so that among servers that all stand still the least loaded is taken.
    constexpr double standstill = 1e-9;
    const double speed = std::max(standstill, truth_.speed(which));
    const double workers = std::max(standstill, truth_.workers(which));
    const double waiting = std::max(1., (truth_.in_flight(which) + 1) / workers);
    return to_seconds(truth_.mean_work()) / speed * waiting + to_seconds(truth_.network(which));
  }

  const truth& truth_;
  random_source random_;
};

}  // namespace

std::unique_ptr<contender> make_rif_oracle(const contest& of, std::uint64_t seed) {
  TROUPE_INVARIANT(of.oracle != nullptr);
  return std::make_unique<rif_oracle>(of, seed);
}

std::unique_ptr<contender> make_oracle(const contest& of, std::uint64_t seed) {
  TROUPE_INVARIANT(of.oracle != nullptr);
  return std::make_unique<oracle>(of, seed);
}

}  // namespace troupe::simulator
