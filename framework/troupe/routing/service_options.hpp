// What may be chosen for one service: its policy, its aperture, and weights of the score that differ from the
// others'.
//
// It comes from four places. An order to a running node goes before the node's options (which the cluster
// file writes), these before what the interface's author declared, and that before options::policy.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/balance/options.hpp>
#include <troupe/balance/policy.hpp>
#include <troupe/base/result.hpp>

namespace troupe::routing {

/// The weight of one term of the score, by the term's name (balance/score.hpp); >= 0.
struct weight_setting {
  std::string term;
  double weight = 0;
};

struct service_options {
  std::optional<balance::policy_kind> policy;  // none: as it is
  std::vector<weight_setting> weights;         // of other terms: as they are
  std::optional<std::uint32_t> aperture;       // as options::aperture; none: as it is
};

/// A service's name and its options in one line: "shop.Cart:policy=consistent_hash,aperture=64,load=.5".
/// Errors: invalid_argument, saying which part means nothing and what there is.
struct named_service_options {
  std::string service;
  service_options options;
};
result<named_service_options> parse_service_options(std::string_view text);
/// The same line, from the options.
std::string to_text(const named_service_options& of);

/// `all` with those weights changed. Errors: invalid_argument, for a term that is none, listing the terms,
/// and for weights that balance::options::validate refuses.
result<balance::options> with_weights(const balance::options& all,
                                      const std::vector<weight_setting>& weights);

}  // namespace troupe::routing
