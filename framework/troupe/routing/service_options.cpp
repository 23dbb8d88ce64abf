#include <algorithm>
#include <array>
#include <charconv>

#include <troupe/base/nearest_name.hpp>
#include <troupe/routing/service_options.hpp>

namespace troupe::routing {

namespace {

constexpr std::array all = {
    option_of<&service_options::policy>("policy", one_of(balance::policy_names),
                                        "How its replicas are chosen, whatever its interface declares."),
    option_of<&service_options::aperture>("aperture", at_least(0).in("replicas"),
                                          "That this node keeps links to, and chooses among; 0: all."),
};

error wrong(std::string text) { return {code::invalid_argument, std::move(text)}; }

error no_term(std::string_view term) {
  std::string names;
  for (const auto& one : balance::weights::list().options)
    names.append(names.empty() ? "" : ", ").append(one.name);
  return wrong("\"" + std::string(term) + "\" is no term of the score. There are: " + names + ".");
}

const option* find_term(std::string_view term) {
  for (const auto& one : balance::weights::list().options)
    if (one.name == term) return &one;
  return nullptr;
}

error no_option(std::string_view name) {
  auto names = names_for_services();
  names.emplace_back("weights");
  return wrong(
      "'" + std::string(name) +
      "' means nothing of a service; there are policy, weights, aperture, and options of balance and "
      "retry" +
      did_you_mean(name, {names.begin(), names.end()}));
}

/// Whether `of` is an option of this list; then it was set in `object`, or `problem` says why not.
template <class Struct>
bool changed(const option_list<Struct>& list, Struct& object, const option_setting& of,
             result<void>& problem) {
  const auto* known = list.find(of.name);
  if (known == nullptr) return false;
  problem = known->set(&object, of.value, of.name);
  return true;
}

bool changed(balance::options& in, const option_setting& of, result<void>& problem) {
  return changed(balance::options::list(), in, of, problem) ||
         changed(balance::weights::list(), in.weight, of, problem) ||
         changed(balance::ejection_options::list(), in.ejection, of, problem);
}

bool changed(retry::options& in, const option_setting& of, result<void>& problem) {
  return changed(retry::options::list(), in, of, problem);
}

/// Not validated yet.
template <class Options>
result<Options> with_changes(Options in, const std::vector<option_setting>& changes) {
  for (const auto& each : changes)
    if (result<void> problem; changed(in, each, problem) && !problem) return problem.error();
  return in;
}

void append_names(std::string_view list, std::span<const option> options, std::vector<std::string>& to) {
  for (const auto& each : options) to.push_back(std::string(list) + "." + std::string(each.name));
}

}  // namespace

option_list<service_options> service_options::list() { return {"service", all}; }

std::vector<std::string> names_for_services() {
  std::vector<std::string> names;
  for (const auto& each : all) names.emplace_back(each.name);
  for (const auto& each : balance::weights::list().options) names.emplace_back(each.name);
  append_names("balance.weight", balance::weights::list().options, names);
  append_names("balance.ejection", balance::ejection_options::list().options, names);
  append_names("balance", balance::options::list().options, names);
  append_names("retry", retry::options::list().options, names);
  return names;
}

result<void> service_options::set(std::string_view written, std::string_view value) {
  const auto name = option_name(written);
  if (name == "policy") {
    const auto kind = balance::parse_policy_kind(value);
    if (!kind) return kind.error();
    policy = *kind;
    return {};
  }
  if (name == "aperture") return all[1].set(this, value, name);
  constexpr std::string_view in_weights = "weights.";
  const bool weight = name.starts_with(in_weights);
  const std::string term = weight ? name.substr(in_weights.size()) : name;
  if (const auto* known = find_term(term)) {
    balance::weights one;
    if (auto done = known->set(&one, value, name); !done) return done;
    weights.push_back({term, std::get<double>(known->read(&one))});
    return {};
  }
  if (weight) return no_term(term);
  balance::options balancing;
  retry::options repeating;
  option_setting one{name, std::string(value)};
  result<void> problem;
  if (!changed(balancing, one, problem) && !changed(repeating, one, problem)) return no_option(written);
  if (problem) changes.push_back(std::move(one));
  return problem;
}

result<balance::options> service_options::over(const balance::options& of_all) const {
  const auto changed = with_changes(of_all, changes);
  return changed ? with_weights(*changed, weights) : changed;
}

result<retry::options> service_options::over(const retry::options& of_all) const {
  auto changed = with_changes(of_all, changes);
  if (!changed) return changed;
  if (const auto sound = changed->validate(); !sound) return sound.error();
  return changed;
}

result<service_line> parse_service_line(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos)
    return wrong("'" + std::string(text) +
                 "' is not SERVICE:KEY=VALUE,..., such as shop.Cart:policy=consistent_hash,load=.5");
  service_line read;
  read.service = text.substr(0, colon);
  for (auto left = text.substr(colon + 1); !left.empty();) {
    const auto comma = left.find(',');
    const auto entry = left.substr(0, comma);
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos)
      return wrong("service " + read.service + ": '" + std::string(entry) +
                   "' is not KEY=VALUE, such as policy=round_robin or load=.5");
    read.settings.push_back({std::string(entry.substr(0, equals)), std::string(entry.substr(equals + 1))});
    left = comma == std::string_view::npos ? std::string_view{} : left.substr(comma + 1);
  }
  return read;
}

result<named_service_options> parse_service_options(std::string_view text) {
  const auto line = parse_service_line(text);
  if (!line) return line.error();
  named_service_options read{line->service, {}};
  for (const auto& each : line->settings)
    if (const auto done = read.options.set(each.name, each.value); !done)
      return wrong("service " + read.service + ": " + done.error().text);
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
  for (const auto& [name, value] : of.options.changes)
    text.append(",").append(name).append("=").append(value);
  if (!text.empty()) text.erase(0, 1);
  return of.service + ":" + text;
}

result<balance::options> with_weights(const balance::options& of_all,
                                      const std::vector<weight_setting>& weights) {
  balance::options changed = of_all;
  for (const auto& setting : weights) {
    const auto* known = find_term(setting.term);
    if (known == nullptr) return no_term(setting.term);
    known->write(&changed.weight, setting.weight);
  }
  if (const auto sound = changed.validate(); !sound) return sound.error();
  return changed;
}

}  // namespace troupe::routing
