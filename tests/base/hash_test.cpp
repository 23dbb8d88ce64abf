#include <bit>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <troupe/base/hash.hpp>

using namespace troupe;

TEST_CASE("the hash is XXH3-64, as every node and every version computes it") {
  // The reference values of XXH3_64bits for these inputs.
  CHECK(hash_of("") == 0x2d06800538d394c2ULL);
  CHECK(hash_of("a") == 0xe6c632b61e964e1fULL);
  CHECK(hash_of("abc") == 0x78af5f94892f3950ULL);
}

TEST_CASE("text and its bytes hash alike, and a zero byte counts") {
  const std::string text("ann\0bob", 7);
  CHECK(hash_of(text) == hash_of(text.data(), 7));
  CHECK(hash_of(text) != hash_of("ann"));
}

template <class Text>
concept takes_a_number = requires(const Text& text) {
  hash_of(text, 1);
};
static_assert(takes_a_number<std::string_view>);
static_assert(!takes_a_number<char[4]>, "the 1 would be a size");

TEST_CASE("another seed is another hash") {
  const std::string_view ann = "ann";
  CHECK(hash_of(ann, 0) == hash_of(ann));
  CHECK(hash_of(ann, 1) != hash_of(ann, 2));
  CHECK(hash_of(std::string_view(), 1) != hash_of(std::string_view(), 2));
}

TEST_CASE("mixing keeps different integers different") {
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    seen.insert(mix(i));
    seen.insert(mix(~i));
  }
  CHECK(seen.size() == 40'000);
}

TEST_CASE("mixing turns one changed bit into about half of all bits") {
  for (unsigned bit = 0; bit < 64; ++bit) {
    int changed = 0;
    for (std::uint64_t i = 1; i <= 200; ++i) {
      const auto x = i * 0x9e3779b97f4a7c15ULL;
      changed += std::popcount(mix(x) ^ mix(x ^ (1ULL << bit)));
    }
    CAPTURE(bit);
    CHECK(changed / 200.0 == doctest::Approx(32).epsilon(0.1));
  }
}
