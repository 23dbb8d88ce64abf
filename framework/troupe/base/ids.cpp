#include <array>
#include <charconv>

#include <troupe/base/hash.hpp>
#include <troupe/base/ids.hpp>

namespace troupe {

node_id node_id_of(std::string_view cluster, std::string_view name) {
  const auto hashed = hash_of(name, hash_of(cluster));
  return node_id{hashed == 0 ? 1 : hashed};
}

std::string to_hex(std::uint64_t value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(16, '0');
  for (int i = 15; i >= 0; --i, value >>= 4) text[static_cast<std::size_t>(i)] = digits[value & 15];
  return text;
}

std::uint64_t caller_tag(const identity& caller) { return mix(caller.node.value ^ mix(caller.epoch.value)); }

std::string call_name(const identity& caller, call_id call) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), call.value, 16).ptr;
  return to_hex(caller_tag(caller)) + "-" + std::string(digits.data(), end);
}

std::optional<named_call> parse_call_name(std::string_view text) {
  constexpr std::size_t dash = 16;
  if (text.size() < dash + 2 || text[dash] != '-') return std::nullopt;
  const auto read = [](std::string_view digits, std::uint64_t& into) {
    const auto* const end = digits.data() + digits.size();
    const auto [rest, failure] = std::from_chars(digits.data(), end, into, 16);
    return failure == std::errc{} && rest == end;
  };
  named_call found;
  if (!read(text.substr(0, dash), found.caller) || !read(text.substr(dash + 1), found.call.value))
    return std::nullopt;
  return found;
}

}  // namespace troupe
