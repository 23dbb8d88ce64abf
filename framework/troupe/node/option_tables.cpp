#include <cstdint>
#include <limits>

#include <troupe/node/service_tables.hpp>

namespace troupe {

namespace {

constexpr const char* shape =
    "write [service.\"shop.Cart\"] with policy = \"NAME\" and weights = { load = 0.5 }";

std::optional<toml_problem> read_policy(const toml::node& value, routing::service_options& into) {
  const auto* name = value.as_string();
  if (name == nullptr) return toml_problem{value.source(), "a policy is a text: policy = \"dynamic_score\""};
  const auto kind = balance::parse_policy_kind(name->get());
  if (!kind) return toml_problem{value.source(), kind.error().text};
  into.policy = *kind;
  return std::nullopt;
}

std::optional<toml_problem> read_weights(const toml::node& value, routing::service_options& into) {
  const auto* table = value.as_table();
  if (table == nullptr)
    return toml_problem{value.source(), "weights are a table of numbers: weights = { load = 0.5 }"};
  for (const auto& [term, weight] : *table) {
    const auto number = weight.value<double>();
    if (!number || weight.is_boolean())
      return toml_problem{weight.source(), "the weight of " + std::string(term.str()) + " is a number"};
    into.weights.push_back({std::string(term.str()), *number});
  }
  if (const auto sound = routing::with_weights({}, into.weights); !sound)
    return toml_problem{value.source(), sound.error().text};
  return std::nullopt;
}

std::optional<toml_problem> read_aperture(const toml::node& value, routing::service_options& into) {
  const auto number = value.value<std::int64_t>();
  if (!value.is_integer() || *number < 0 || *number > std::numeric_limits<std::uint32_t>::max())
    return toml_problem{value.source(), "an aperture is a number of replicas: aperture = 64; 0 means all"};
  into.aperture = static_cast<std::uint32_t>(*number);
  return std::nullopt;
}

std::optional<toml_problem> read_table(const toml::table& table, routing::service_options& into) {
  for (const auto& [key, value] : table) {
    std::optional<toml_problem> problem;
    if (key.str() == "policy")
      problem = read_policy(value, into);
    else if (key.str() == "weights")
      problem = read_weights(value, into);
    else if (key.str() == "aperture")
      problem = read_aperture(value, into);
    else
      problem =
          toml_problem{key.source(), "'" + std::string(key.str()) +
                                         "' means nothing of a service; there are policy, weights, aperture"};
    if (problem) return problem;
  }
  return std::nullopt;
}

}  // namespace

std::optional<toml_problem> read_service_tables(const toml::node& tables,
                                                std::vector<routing::named_service_options>& into) {
  const auto* all = tables.as_table();
  if (all == nullptr) return toml_problem{tables.source(), shape};
  for (const auto& [name, value] : *all) {
    const auto* table = value.as_table();
    if (table == nullptr || name.str().empty()) return toml_problem{value.source(), shape};
    auto& one = into.emplace_back();
    one.service = name.str();
    if (auto problem = read_table(*table, one.options)) return problem;
  }
  return std::nullopt;
}

}  // namespace troupe
