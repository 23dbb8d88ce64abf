#include <troupe/balance/dynamic_score.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_dynamic_score() { return std::make_unique<dynamic_score>(); }

preference dynamic_score::pick(const candidates& among, const request& what, random_source& random) {
  if (what.key) {
    const options& settings = among.settings();
    if (const auto owner = among.owner(*what.key)) {
      const double lowest = among.lowest_score();
      const double dearer = among.score(*owner) - lowest;
      if (lowest < 0 || dearer <= settings.weight.affinity + settings.tie) return {*owner};
    }
  }
  return among.draw_lowest(random);
}

}  // namespace troupe::balance
