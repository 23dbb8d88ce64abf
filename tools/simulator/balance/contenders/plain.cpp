#include "plain.hpp"

#include "choosing.hpp"

namespace troupe::simulator {

namespace {

class random_choice final : public counting_contender {
 public:
  using counting_contender::counting_contender;

 private:
  std::optional<server_index> pick(const errand& what, time_point) override {
    return one_of(what.candidates, random_);
  }
};

// Each router starts somewhere else, as clients do that shuffle their addresses.
class round_robin final : public counting_contender {
 public:
  round_robin(const contest& of, std::uint64_t seed) : counting_contender(of, seed), next_(random_() >> 32) {}

 private:
  std::optional<server_index> pick(const errand& what, time_point) override {
    return what.candidates[next_++ % what.candidates.size()];
  }

  std::uint64_t next_;
};

class least_loaded final : public counting_contender {
 public:
  using counting_contender::counting_contender;

 private:
  std::optional<server_index> pick(const errand& what, time_point) override {
    return least(what.candidates, random_, [&](server_index each) { return double(in_flight(each)); });
  }
};

class p2c_least final : public counting_contender {
 public:
  using counting_contender::counting_contender;

 private:
  std::optional<server_index> pick(const errand& what, time_point) override {
    const auto [first, second] = two_of(what.candidates, random_);
    return in_flight(first) <= in_flight(second) ? first : second;
  }
};

}  // namespace

std::unique_ptr<contender> make_random(const contest& of, std::uint64_t seed) {
  return std::make_unique<random_choice>(of, seed);
}
std::unique_ptr<contender> make_round_robin(const contest& of, std::uint64_t seed) {
  return std::make_unique<round_robin>(of, seed);
}
std::unique_ptr<contender> make_least_loaded(const contest& of, std::uint64_t seed) {
  return std::make_unique<least_loaded>(of, seed);
}
std::unique_ptr<contender> make_p2c_least(const contest& of, std::uint64_t seed) {
  return std::make_unique<p2c_least>(of, seed);
}

}  // namespace troupe::simulator
