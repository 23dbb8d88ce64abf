#include <troupe/wire/features.hpp>

namespace troupe::wire {

std::string_view to_string(feature value) {
  switch (value) {
    case feature::load_queries:
      return "load_queries";
    case feature::bouncing:
      return "bouncing";
    case feature::presence:
      return "presence";
  }
  return "?";
}

std::string to_string(feature_set all) {
  std::string text;
  for (std::uint16_t number = 0; number < feature_count; ++number) {
    const auto one = static_cast<feature>(number);
    if (!all.has(one)) continue;
    if (!text.empty()) text += ", ";
    text += to_string(one);
  }
  return text.empty() ? "none" : text;
}

}  // namespace troupe::wire
