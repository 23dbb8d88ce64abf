// What may be chosen for one service: its policy, its aperture, and weights of the score and other options of
// balance and retry that differ from the others'.
//
// It comes from four places. An order to a running node goes before the node's options (which the cluster
// file writes), these before what the interface's author declared, and that before options::policy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/balance/options.hpp>
#include <troupe/balance/policy_kind.hpp>
#include <troupe/base/option_list.hpp>
#include <troupe/base/result.hpp>
#include <troupe/retry/options.hpp>

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
  std::vector<option_setting> changes;         // "balance.tie", "retry.attempts_max"; later ones count

  /// Changes one by its name: an option of `list`, a term of the score (a weight), or an option of the rooms
  /// balance and retry with the room before it. Errors: invalid_argument, for a name that is none, with what
  /// was probably meant, and for a value out of its bounds.
  result<void> set(std::string_view written, std::string_view value);

  /// The options of all services with what is said here changed. Errors: invalid_argument, for what `set`
  /// would refuse, and for options that do not fit together.
  result<balance::options> over(const balance::options& all) const;
  result<retry::options> over(const retry::options& all) const;

  /// Policy and aperture.
  static option_list<service_options> list();
};

/// All names that service_options::set takes.
std::vector<std::string> names_for_services();

/// A service's name and its options in one line: "shop.Cart:policy=consistent_hash,aperture=64,load=.5".
/// Errors: invalid_argument, saying which part means nothing and what there is.
struct named_service_options {
  std::string service;
  service_options options;
};
result<named_service_options> parse_service_options(std::string_view text);
/// The same line, from the options.
std::string to_text(const named_service_options& of);

/// The parts of such a line, not yet looked at.
struct service_line {
  std::string service;
  std::vector<option_setting> settings;
};
/// Errors: invalid_argument, for a line that is not SERVICE:KEY=VALUE,...
result<service_line> parse_service_line(std::string_view text);

/// `all` with those weights changed. Errors: invalid_argument, for a term that is none, listing the terms,
/// and for weights that balance::options::validate refuses.
result<balance::options> with_weights(const balance::options& all,
                                      const std::vector<weight_setting>& weights);

}  // namespace troupe::routing
