#include "modes.hpp"

namespace troupe::simulator {

namespace {

const option_names& names() {
  static const auto all = [] {
    option_names into;
    into.add(membership::options::list(), [](void* o) { return o; });
    return into;
  }();
  return all;
}

}  // namespace

std::optional<membership_mode> find_mode(const std::string& name) {
  using membership::options;
  if (name == "ours") return membership_mode{name, options{}, after_pause::reads_first};
  if (name == "memberlist") return membership_mode{name, options::memberlist(), after_pause::timers_first};
  if (name == "swim") return membership_mode{name, options::swim(), after_pause::timers_first};
  return std::nullopt;
}

result<void> read_setting_of_ours(std::string_view name, std::string_view value, settings& into) {
  if (auto done = names().read(name, value, into); !done) return done;
  membership::options trial;
  return names().apply(into, &trial);
}

result<membership::options> with_settings(membership::options of, const settings& changed) {
  if (const auto done = names().apply(changed, &of); !done) return done.error();
  if (const auto sound = of.validate(); !sound) return sound.error();
  return of;
}

}  // namespace troupe::simulator
