#include <algorithm>
#include <charconv>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <troupe/crypto/key.hpp>

namespace troupe::crypto {

namespace {

constexpr std::size_t text_bytes = (key::bytes + 2) / 3 * 4;
constexpr std::string_view id_label = "troupe gossip key id 1";

}  // namespace

std::string to_string(key_id id) {
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[id.value >> shift & 0xf];
  return text;
}

std::optional<key_id> parse_key_id(std::string_view text) {
  key_id id;
  const auto* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, id.value, 16);
  if (text.size() != 8 || failure != std::errc{} || rest != end) return std::nullopt;
  return id;
}

void fill_randomly(std::uint8_t* first, std::size_t count) {
  TROUPE_INVARIANT(RAND_bytes(first, static_cast<int>(count)) == 1);
}

key::~key() { OPENSSL_cleanse(secret_.data(), secret_.size()); }

key key::generate() {
  std::array<std::uint8_t, bytes> secret;
  fill_randomly(secret.data(), secret.size());
  return key(secret);
}

result<key> key::parse(std::string_view text) {
  // The decoder gives whole groups of three, filling up with zeros, and forgives; the comparison does not.
  std::array<std::uint8_t, text_bytes / 4 * 3> decoded{};
  if (text.size() == text_bytes &&
      EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size())) == static_cast<int>(decoded.size())) {
    std::array<std::uint8_t, bytes> secret;
    std::copy_n(decoded.begin(), bytes, secret.begin());
    OPENSSL_cleanse(decoded.data(), decoded.size());
    if (key found(secret); found.to_text() == text) return found;
  }
  return error{code::invalid_argument,
               "that is no gossip key: a key is 44 characters of base64, as troupe keys new writes it"};
}

std::string key::to_text() const {
  std::array<unsigned char, text_bytes + 1> text;
  const int written = EVP_EncodeBlock(text.data(), secret_.data(), static_cast<int>(secret_.size()));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(written)};
}

key_id key::id() const {
  std::array<unsigned char, id_label.size() + bytes> named;
  std::copy(id_label.begin(), id_label.end(), named.begin());
  std::copy(secret_.begin(), secret_.end(), named.begin() + id_label.size());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  TROUPE_INVARIANT(EVP_Digest(named.data(), named.size(), digest.data(), nullptr, EVP_sha256(), nullptr) ==
                   1);
  OPENSSL_cleanse(named.data(), named.size());
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | digest[i];
  return {value};
}

}  // namespace troupe::crypto
