#include <troupe/balance/score.hpp>

namespace troupe::balance {

namespace {

double zone_value(distance far) {
  switch (far) {
    case distance::this_node:
      return 0;
    case distance::same_zone:
      return .25;
    case distance::same_region:
      return .6;
    case distance::remote:
      return 1;
  }
  return 1;
}

constexpr std::size_t at(score_term term) { return static_cast<std::size_t>(term); }

}  // namespace

std::string_view to_string(score_term term) {
  switch (term) {
    case score_term::barred:
      return "barred";
    case score_term::unseen:
      return "unseen";
    case score_term::cost:
      return "cost";
    case score_term::load:
      return "load";
    case score_term::zone:
      return "zone";
    case score_term::affinity:
      return "affinity";
    case score_term::suspected:
      return "suspected";
  }
  return "?";
}

double weight_of(const weights& all, score_term term) {
  switch (term) {
    case score_term::barred:
      return all.barred;
    case score_term::unseen:
      return all.unseen;
    case score_term::cost:
      return all.cost;
    case score_term::load:
      return all.load;
    case score_term::zone:
      return all.zone;
    case score_term::affinity:
      return all.affinity;
    case score_term::suspected:
      return all.suspected;
  }
  return 0;
}

term_values terms_of(const score_inputs& of) {
  const double x = (of.cost + of.cost_floor) / (of.cost_median + of.cost_floor);
  const double u = (of.load + 1) / of.capacity;
  term_values s{};
  s[at(score_term::barred)] = of.barred ? 1 : 0;
  s[at(score_term::unseen)] = of.unproven ? 1 : 0;
  s[at(score_term::cost)] = x / (1 + x);
  s[at(score_term::load)] = u / (1 + u);
  s[at(score_term::zone)] = zone_value(of.distance);
  s[at(score_term::suspected)] = of.suspected ? 1 : of.degraded ? .5 : 0;
  return s;
}

double sum_of(const weights& w, const term_values& s) {
  return w.barred * s[at(score_term::barred)] + w.unseen * s[at(score_term::unseen)] +
         w.cost * s[at(score_term::cost)] + w.load * s[at(score_term::load)] +
         w.zone * s[at(score_term::zone)] + w.affinity * s[at(score_term::affinity)] +
         w.suspected * s[at(score_term::suspected)];
}

}  // namespace troupe::balance
