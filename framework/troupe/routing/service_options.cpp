#include <array>
#include <charconv>
#include <cmath>

#include <troupe/routing/service_options.hpp>

namespace troupe::routing {

namespace {

struct named_weight {
  std::string_view term;
  double balance::weights::*weight;
};

constexpr std::array all_weights = {
    named_weight{"barred", &balance::weights::barred},
    named_weight{"unseen", &balance::weights::unseen},
    named_weight{"cost", &balance::weights::cost},
    named_weight{"load", &balance::weights::load},
    named_weight{"zone", &balance::weights::zone},
    named_weight{"affinity", &balance::weights::affinity},
    named_weight{"suspected", &balance::weights::suspected},
};
static_assert(sizeof(balance::weights) == all_weights.size() * sizeof(double), "a weight has no name here");

error wrong(std::string text) { return {code::invalid_argument, std::move(text)}; }

result<void> read_entry(std::string_view entry, service_options& into) {
  const auto equals = entry.find('=');
  const auto key = entry.substr(0, equals);
  if (equals == std::string_view::npos)
    return wrong("'" + std::string(entry) + "' is not KEY=VALUE, such as policy=round_robin or load=.5");
  const auto value = entry.substr(equals + 1);
  if (key == "policy") {
    const auto kind = balance::parse_policy_kind(value);
    if (!kind) return kind.error();
    into.policy = *kind;
    return {};
  }
  const auto* const end = value.data() + value.size();
  if (key == "aperture") {
    std::uint32_t replicas = 0;
    const auto [rest, failure] = std::from_chars(value.data(), end, replicas);
    if (failure != std::errc{} || rest != end)
      return wrong("the aperture '" + std::string(value) + "' is not a number of replicas; 0 means all");
    into.aperture = replicas;
    return {};
  }
  double number = 0;
  const auto [rest, failure] = std::from_chars(value.data(), end, number);
  if (failure != std::errc{} || rest != end || !std::isfinite(number))
    return wrong("the weight '" + std::string(value) + "' of " + std::string(key) + " is not a number");
  into.weights.push_back({std::string(key), number});
  return {};
}

}  // namespace

result<named_service_options> parse_service_options(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos)
    return wrong("'" + std::string(text) +
                 "' is not SERVICE:KEY=VALUE,..., such as shop.Cart:policy=consistent_hash,load=.5");
  named_service_options read;
  read.service = text.substr(0, colon);
  for (auto left = text.substr(colon + 1); !left.empty();) {
    const auto comma = left.find(',');
    if (const auto done = read_entry(left.substr(0, comma), read.options); !done)
      return wrong("service " + read.service + ": " + done.error().text);
    left = comma == std::string_view::npos ? std::string_view{} : left.substr(comma + 1);
  }
  return read;
}

std::string to_text(const named_service_options& of) {
  std::string text;
  if (of.options.policy) text.append(",policy=").append(to_string(*of.options.policy));
  if (of.options.aperture) text.append(",aperture=").append(std::to_string(*of.options.aperture));
  for (const auto& setting : of.options.weights) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), setting.weight).ptr;
    text.append(",").append(setting.term).append("=").append(digits.data(), end);
  }
  if (!text.empty()) text.erase(0, 1);
  return of.service + ":" + text;
}

result<balance::options> with_weights(const balance::options& all,
                                      const std::vector<weight_setting>& weights) {
  balance::options changed = all;
  for (const auto& setting : weights) {
    bool known = false;
    for (const auto& one : all_weights)
      if (one.term == setting.term) {
        changed.weight.*one.weight = setting.weight;
        known = true;
      }
    if (known) continue;
    std::string names;
    for (const auto& one : all_weights) names.append(names.empty() ? "" : ", ").append(one.term);
    return wrong("\"" + setting.term + "\" is no term of the score. There are: " + names + ".");
  }
  if (const auto sound = changed.validate(); !sound) return sound.error();
  return changed;
}

}  // namespace troupe::routing
