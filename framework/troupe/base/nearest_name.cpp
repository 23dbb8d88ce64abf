#include <algorithm>
#include <array>

#include <troupe/base/nearest_name.hpp>

namespace troupe {

namespace {

constexpr std::size_t longest = 128;  // of a name that is looked at: distances cost its square

bool same(char one, char other) { return (one == '_' ? '-' : one) == (other == '_' ? '-' : other); }

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

std::size_t allowed(std::string_view name) { return std::clamp<std::size_t>(name.size() / 3, 1, 3); }

}  // namespace

std::size_t edit_distance(std::string_view one, std::string_view other) {
  if (one.size() > longest || other.size() > longest) return std::max(one.size(), other.size());
  // Rows of the table: before the last one, the last one, this one.
  std::array<std::array<std::size_t, longest + 1>, 3> rows{};
  for (std::size_t k = 0; k <= other.size(); ++k) rows[0][k] = k;
  for (std::size_t i = 1; i <= one.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    const auto& before = rows[(i + 1) % 3];
    row[0] = i;
    for (std::size_t k = 1; k <= other.size(); ++k) {
      row[k] = std::min({above[k] + 1, row[k - 1] + 1,
                         above[k - 1] + (same(one[i - 1], other[k - 1]) ? std::size_t{0} : std::size_t{1})});
      if (i > 1 && k > 1 && same(one[i - 1], other[k - 2]) && same(one[i - 2], other[k - 1]))
        row[k] = std::min(row[k], before[k - 2] + 1);
    }
  }
  return rows[one.size() % 3][other.size()];
}

std::string_view nearest_name(std::string_view mistyped, const std::vector<std::string_view>& names) {
  std::string_view nearest;
  std::size_t least = allowed(mistyped) + 1;
  for (const auto name : names) {
    const auto distance = edit_distance(mistyped, name);
    if (distance >= least || distance > allowed(name)) continue;
    nearest = name;
    least = distance;
  }
  return nearest;
}

std::string_view nearest_dotted_name(std::string_view mistyped, const std::vector<std::string_view>& names) {
  if (const auto whole = nearest_name(mistyped, names); !whole.empty()) return whole;
  std::vector<std::string_view> parts;
  for (const auto name : names) parts.push_back(last_part(name));
  const auto part = nearest_name(last_part(mistyped), parts);
  if (part.empty() || std::count(parts.begin(), parts.end(), part) != 1) return {};
  return names[static_cast<std::size_t>(std::find(parts.begin(), parts.end(), part) - parts.begin())];
}

std::string did_you_mean(std::string_view mistyped, const std::vector<std::string_view>& names) {
  const auto meant = nearest_dotted_name(mistyped, names);
  return meant.empty() ? std::string() : "; did you mean '" + std::string(meant) + "'?";
}

}  // namespace troupe
