// Sealed messages and rings from the network: crypto::sealing::open, crypto::parse_ring.
//
// The first byte says what the rest is: a sealed message as it arrived (0), a message sealed with a key that
// the receiver has, then altered by what follows (1), or a ring's text (2).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <troupe/crypto/sealing.hpp>

#include "expect.hpp"

namespace {

using namespace troupe;
using namespace troupe::crypto;
using fuzz::expect;

constexpr identity receiver{{2}, {10}};

key key_of(std::uint8_t fill) {
  std::array<std::uint8_t, key::bytes> secret;
  secret.fill(fill);
  return key(secret);
}

salt salt_of(std::uint8_t fill) {
  salt made;
  made.fill(std::byte{fill});
  return made;
}

struct stage {
  ring keys;
  sealing from{"fuzz", salt_of(1), 4};
  sealing at{"fuzz", salt_of(2), 4};
  opened got;

  stage() { expect(static_cast<bool>(keys.install(key_of(1))), "a first key goes in"); }
};

void open_as_it_is(bytes_view bytes) {
  stage on;
  // Nobody can seal without the key, and the key is not in the input.
  expect(on.at.open(bytes, on.keys, recipient::of(receiver), on.got) != verdict::accepted,
         "what nobody sealed does not open");
  expect(on.at.lives() == 0, "and leaves nothing behind");
}

/// Each piece of input is an offset and what is flipped there.
void open_altered(bytes_view changes) {
  stage on;
  const auto whole = on.from.seal(*on.keys.primary(), content::packet, recipient::of(receiver), 7, changes);
  auto altered = whole;
  for (; changes.size() >= 2; changes = changes.subspan(2))
    altered[std::to_integer<std::size_t>(changes[0]) % altered.size()] ^= changes[1];
  const auto how = on.at.open(altered, on.keys, recipient::of(receiver), on.got);
  expect((how == verdict::accepted) == (altered == whole), "exactly what was sealed opens");
}

void read_ring(std::string_view text) {
  const auto read = parse_ring(text);
  if (!read) return;
  const auto again = parse_ring(to_text(*read));
  expect(again && *again == *read, "what is accepted can be said again");
  expect(to_text(*read).size() <= ring::text_bytes_max, "a ring fits into a packet");
  ring merged;
  (void)merged.install(key_of(9));
  merged.merge(*read);
  expect(!merged.merge(*read), "merging twice is merging once");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  switch (data[0] % 3) {
    case 0:
      open_as_it_is(bytes);
      break;
    case 1:
      open_altered(bytes);
      break;
    default:
      read_ring({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return 0;
}
