#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <troupe/crypto/cipher.hpp>

namespace troupe::crypto {

namespace {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using cipher_algorithm = std::unique_ptr<EVP_CIPHER, freed_by<EVP_CIPHER_free>>;
using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, freed_by<EVP_CIPHER_CTX_free>>;
using kdf_algorithm = std::unique_ptr<EVP_KDF, freed_by<EVP_KDF_free>>;
using kdf_context = std::unique_ptr<EVP_KDF_CTX, freed_by<EVP_KDF_CTX_free>>;

/// GCM's 96 bits: the number, and zeros.
std::array<unsigned char, 12> nonce_of(std::uint64_t number) {
  std::array<unsigned char, 12> nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[i] = static_cast<unsigned char>(number >> 8 * i);
  return nonce;
}

unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

}  // namespace

struct cipher::contexts {
  cipher_algorithm algorithm{EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)};
  cipher_context sealing{EVP_CIPHER_CTX_new()};
  cipher_context opening{EVP_CIPHER_CTX_new()};
  kdf_algorithm hkdf{EVP_KDF_fetch(nullptr, "HKDF", nullptr)};
  kdf_context deriving{hkdf ? EVP_KDF_CTX_new(hkdf.get()) : nullptr};
};

cipher::cipher() : of_(std::make_unique<contexts>()) {
  // OpenSSL without these two, or without memory, is of no use to anybody.
  TROUPE_INVARIANT(of_->algorithm && of_->sealing && of_->opening && of_->deriving);
  TROUPE_INVARIANT(EVP_EncryptInit_ex2(of_->sealing.get(), of_->algorithm.get(), nullptr, nullptr, nullptr) ==
                   1);
  TROUPE_INVARIANT(EVP_DecryptInit_ex2(of_->opening.get(), of_->algorithm.get(), nullptr, nullptr, nullptr) ==
                   1);
}

cipher::cipher(cipher&&) noexcept = default;
cipher::~cipher() = default;

key cipher::derive(const key& from, bytes_view salt, std::string_view label) {
  // OpenSSL's parameters are not const, and it does not write to them.
  const auto octets = [](const char* name, const void* first, std::size_t count) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<void*>(first), count);
  };
  char digest[] = "SHA256";
  const std::array parameters = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                                 octets(OSSL_KDF_PARAM_KEY, from.secret().data(), key::bytes),
                                 octets(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
                                 octets(OSSL_KDF_PARAM_INFO, label.data(), label.size()),
                                 OSSL_PARAM_construct_end()};
  std::array<std::uint8_t, key::bytes> derived{};
  // The info is added to, call by call, until a reset.
  EVP_KDF_CTX_reset(of_->deriving.get());
  TROUPE_INVARIANT(EVP_KDF_derive(of_->deriving.get(), derived.data(), derived.size(), parameters.data()) ==
                   1);
  key made(derived);
  OPENSSL_cleanse(derived.data(), derived.size());
  return made;
}

void cipher::seal(const key& with, std::uint64_t number, bytes_view associated, std::span<std::byte> text,
                  std::span<std::byte, tag_bytes> tag) {
  auto* const context = of_->sealing.get();
  const auto nonce = nonce_of(number);
  int written = 0;
  TROUPE_INVARIANT(
      EVP_EncryptInit_ex2(context, nullptr, with.secret().data(), nonce.data(), nullptr) == 1 &&
      EVP_EncryptUpdate(context, nullptr, &written, raw(associated.data()),
                        static_cast<int>(associated.size())) == 1 &&
      EVP_EncryptUpdate(context, raw(text.data()), &written, raw(text.data()),
                        static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(context, raw(tag.data()), &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()), tag.data()) == 1);
}

bool cipher::open(const key& with, std::uint64_t number, bytes_view associated, std::span<std::byte> text,
                  std::span<const std::byte, tag_bytes> tag) {
  auto* const context = of_->opening.get();
  const auto nonce = nonce_of(number);
  int written = 0;
  unsigned char nothing[1];
  TROUPE_INVARIANT(EVP_DecryptInit_ex2(context, nullptr, with.secret().data(), nonce.data(), nullptr) == 1 &&
                   EVP_DecryptUpdate(context, nullptr, &written, raw(associated.data()),
                                     static_cast<int>(associated.size())) == 1 &&
                   EVP_DecryptUpdate(context, raw(text.data()), &written, raw(text.data()),
                                     static_cast<int>(text.size())) == 1 &&
                   EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()),
                                       const_cast<std::byte*>(tag.data())) == 1);
  return EVP_DecryptFinal_ex(context, nothing, &written) == 1;
}

}  // namespace troupe::crypto
