// Everybody who takes part, by name, in the order of the tables: the plain rules, those that learn from
// replies, those that probe, and those who know the truth.
#include <algorithm>
#include <charconv>
#include <functional>

#include "c3.hpp"
#include "dynamic_score.hpp"
#include "lalb.hpp"
#include "oracle.hpp"
#include "peak_ewma.hpp"
#include "plain.hpp"
#include "prequal.hpp"
#include "weighted_round_robin.hpp"

namespace troupe::simulator {

namespace {

using maker = std::function<std::unique_ptr<contender>(const contest&, std::uint64_t)>;

struct entry {
  std::string name;
  maker make;
};

maker prequal_with(const prequal_options& how) {
  return [how](const contest& of, std::uint64_t seed) { return make_prequal(of, seed, how); };
}

constexpr prequal_options hcl_ejecting{.upon_failure = prequal_options::failures::eject};

// The settings of prequal-rs's own tests (crates/prequal-core/src/config.rs, prequal-testbed/src/main.rs): Q
// .6, and a third of what comes in, probes and reports on replies, is removed.
constexpr prequal_options with_reports(double probes, prequal_options::failures upon_failure) {
  return {.probes = probes,
          .removals = (probes + 1) / 3,
          .hot_above = .6,
          .replies = prequal_options::reports::pooled,
          .upon_failure = upon_failure};
}
constexpr auto hcl_half = with_reports(.5, prequal_options::failures::ignored);
constexpr auto hcl_piggyback = with_reports(0, prequal_options::failures::ignored);
constexpr auto prequal_rs = with_reports(.5, prequal_options::failures::eject);

constexpr prequal_options linear(double rif_share) {
  return {.ranking = prequal_options::rule::linear, .rif_share = rif_share};
}

// Without RIF in the estimate either: the other end of figure 9.
constexpr prequal_options latency_only{
    .ranking = prequal_options::rule::linear, .latency = prequal_options::estimate::measured, .rif_share = 0};

const std::vector<entry>& everybody() {
  static const std::vector<entry> all{
      {"random", make_random},
      {"round_robin", make_round_robin},
      {"weighted_round_robin", make_weighted_round_robin},
      {"least_loaded", make_least_loaded},
      {"p2c_least", make_p2c_least},
      {"p2c_peak_ewma", make_p2c_peak_ewma},
      {"p2c_peak_ewma_penalised", make_p2c_peak_ewma_penalised},
      {"kratos", make_kratos},
      {"brpc_p2c", make_brpc_p2c},
      {"brpc_p2c4", make_brpc_p2c4},
      {"lalb", make_lalb},
      {"yarp_p2c", make_yarp_p2c},
      {"c3", make_c3},
      {"c3_ranking", make_c3_ranking},
      {"c3_probing", prequal_with({.ranking = prequal_options::rule::c3})},
      {"hcl", prequal_with({})},
      {"hcl_q.6", prequal_with({.hot_above = .6})},  // prequal-core's default
      {"hcl_half", prequal_with(hcl_half)},
      {"hcl_piggyback", prequal_with(hcl_piggyback)},
      {"hcl_ejecting", prequal_with(hcl_ejecting)},
      {"prequal_rs", prequal_with(prequal_rs)},
      {"linear_mix", prequal_with(linear(.5))},
      {"rif_only", prequal_with(linear(1))},
      {"latency_only", prequal_with(latency_only)},
      {"dynamic_score", make_dynamic_score},
      {"rif_oracle", make_rif_oracle},
      {"oracle", make_oracle},
  };
  return all;
}

// "troupe:hcl" is our own policy of that name, as a router has it.
constexpr std::string_view ours = "troupe:";

// "hcl_q.99" is HCL at that quantile, for sweeps.
std::optional<double> quantile_of(std::string_view name) {
  constexpr std::string_view prefix = "hcl_q";
  if (!name.starts_with(prefix)) return std::nullopt;
  double quantile = 0;
  const auto digits = name.substr(prefix.size());
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), quantile);
  if (wrong != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return quantile >= 0 && quantile <= 1 ? std::optional(quantile) : std::nullopt;
}

}  // namespace

std::vector<std::string> contender_names() {
  std::vector<std::string> names;
  for (const auto& each : everybody()) names.push_back(each.name);
  return names;
}

result<std::unique_ptr<contender>> make_contender(std::string_view name, const contest& of,
                                                  std::uint64_t seed) {
  for (const auto& each : everybody())
    if (each.name == name) return each.make(of, seed);
  if (name.starts_with(ours)) {
    const auto kind = balance::parse_policy_kind(name.substr(ours.size()));
    if (!kind) return kind.error();
    return make_troupe(of, seed, *kind);
  }
  if (const auto quantile = quantile_of(name)) return make_prequal(of, seed, {.hot_above = *quantile});
  std::string known;
  for (const auto& each : everybody()) known += (known.empty() ? "" : ", ") + each.name;
  return {code::invalid_argument, "there is no contender called " + std::string(name) + ": take one of " +
                                      known + ", hcl_q.99 for HCL at that quantile, or " + std::string(ours) +
                                      "hcl for that policy over our own statistics"};
}

}  // namespace troupe::simulator
