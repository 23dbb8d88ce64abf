#include <algorithm>
#include <string>
#include <utility>

#include <troupe/balance/estimates.hpp>
#include <troupe/balance/explain.hpp>
#include <troupe/balance/score.hpp>

namespace troupe::balance {

namespace {

std::vector<term> terms_with_weights(const weights& all, const term_values& values) {
  std::vector<term> terms;
  for (std::size_t t = 0; t < score_terms; ++t) {
    const auto which = static_cast<score_term>(t);
    terms.push_back({to_string(which), values[t], weight_of(all, which)});
  }
  return terms;
}

/// Why it is not picked now; empty if it may be. `out`: the ejection that concerns it.
std::string why_not(const presence& everyone, replica_index i, const ejection& out) {
  if (everyone.is(i, standing::unreachable) && everyone.is(i, standing::outside))
    return "outside: beyond this node's aperture; connected to when a call must go there";
  if (everyone.is(i, standing::unreachable))
    return "unreachable: no connection to it, or none that takes more";
  if (everyone.is(i, standing::silent)) return "silent: its connection does not answer";
  if (const health state = out.state_of(i); state != health::healthy) {
    std::string why = std::string(to_string(state)) + ": " + std::string(out.why(i));
    if (out.ignored()) why += " (ignored: more than half are out)";
    return why;
  }
  if (everyone.is(i, standing::draining)) return "draining: it is leaving";
  return {};
}

}  // namespace

std::vector<candidate> explain(const options& settings, const presence& everyone, evidence known,
                               const pick_shares& shares, std::uint32_t group, time_point now) {
  const method_evidence& method = known.look(group, now);
  const estimates at(settings, everyone, known, method);
  const double seconds = at.now().seconds;
  const double picks = shares.recent(seconds);
  std::vector<candidate> all;
  for (replica_index i = 0; i < everyone.size(); ++i) {
    if (everyone.is(i, standing::absent)) continue;
    if (!everyone.is(i, standing::silent)) known.turn(i, group, now);
    const term_values values = at.terms(i);
    const bool by_silence = known.silence().state_of(i) != health::healthy;
    const ejection& out = by_silence ? known.silence() : method.ejection();
    candidate one;
    one.node = everyone.facts(i).node;
    one.name = everyone.facts(i).name;
    one.address = everyone.facts(i).address;
    one.terms = terms_with_weights(settings.weight, values);
    one.score = sum_of(settings.weight, values);
    one.in_flight = known.of(i).own;
    one.share = picks > 0 ? shares.recent(i, seconds) / picks : 0;
    if (out.state_of(i) == health::ejected) one.ejected_until = out.until(i);
    one.why = why_not(everyone, i, out);
    all.push_back(std::move(one));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const candidate& a, const candidate& b) { return a.score < b.score; });
  return all;
}

}  // namespace troupe::balance
