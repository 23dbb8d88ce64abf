#include <algorithm>
#include <array>

#include <troupe/crypto/key_order.hpp>

namespace troupe::crypto {

result<std::string> apply_key_order(std::string_view order, std::uint64_t today, ring& to) {
  std::array<std::string_view, 3> words;
  for (auto& word : words) {
    const auto end = std::min(order.find(' '), order.size());
    word = order.substr(0, end);
    order.remove_prefix(std::min(end + 1, order.size()));
  }
  const auto [verb, what, how] = words;
  if (verb == "install" && how.empty()) {
    const auto fresh = key::parse(what);
    if (!fresh) return fresh.error();
    const auto installed = to.install(*fresh);
    if (!installed) return installed.error();
    return "key " + to_string(*installed) + " is installed";
  }
  const auto id = parse_key_id(what);
  if (id && verb == "use" && how.empty()) {
    if (const auto done = to.use(*id); !done) return done.error();
    return "key " + to_string(*id) + " is primary";
  }
  if (id && verb == "retire" && (how.empty() || how == "compromised")) {
    const auto kind = how.empty() ? retirement::routine : retirement::compromised;
    if (const auto done = to.retire(*id, kind, today); !done) return done.error();
    return "key " + to_string(*id) + (how.empty() ? " is retired" : " is forgotten");
  }
  return error{code::invalid_argument,
               "an order is install KEY, use ID, retire ID or retire ID compromised, with an ID of eight "
               "hexadecimal digits"};
}

}  // namespace troupe::crypto
