#include <array>

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

}  // namespace troupe
