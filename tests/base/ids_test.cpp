#include <set>
#include <string>
#include <type_traits>
#include <unordered_set>

#include <doctest/doctest.h>

#include <troupe/base/ids.hpp>

using namespace troupe;

// Ids of different kinds do not mix, and a bare number is no id.
static_assert(!std::is_convertible_v<call_id, attempt_id>);
static_assert(!std::is_constructible_v<call_id, attempt_id>);
static_assert(!std::is_convertible_v<std::uint64_t, node_id>);
static_assert(!std::is_convertible_v<node_id, bool>);

TEST_CASE("a default id is nobody") {
  CHECK_FALSE(node_id{});
  CHECK(node_id{1});
}

TEST_CASE("a node keeps its id across restarts and machines") {
  CHECK(node_id_of("shop", "cart-1") == node_id_of("shop", "cart-1"));
  CHECK(node_id_of("shop", "cart-1") != node_id_of("shop", "cart-2"));
}

TEST_CASE("the same name in another cluster is another node") {
  CHECK(node_id_of("shop", "cart-1") != node_id_of("staging", "cart-1"));
  CHECK(node_id_of("shop", "cart-1") != node_id_of("cart-1", "shop"));
  CHECK(node_id_of("a", "bc") != node_id_of("ab", "c"));
}

TEST_CASE("the nodes of a large cluster have different ids, none of them 0") {
  std::set<node_id> ids;
  for (int i = 0; i < 20'000; ++i) ids.insert(node_id_of("shop", "node-" + std::to_string(i)));
  CHECK(ids.size() == 20'000);
  CHECK(ids.count(node_id{}) == 0);
}

TEST_CASE("a later life of a node sorts after an earlier one") {
  CHECK(identity{node_id{7}, epoch{1}} < identity{node_id{7}, epoch{2}});
  CHECK(identity{node_id{7}, epoch{9}} < identity{node_id{8}, epoch{1}});
  CHECK(identity{node_id{7}, epoch{1}} == identity{node_id{7}, epoch{1}});
}

TEST_CASE("ids in a row fall into different buckets of a hash table") {
  // Low bits are what most tables use.
  std::unordered_set<std::size_t> buckets;
  for (std::uint64_t i = 1; i <= 64; ++i) buckets.insert(std::hash<call_id>{}(call_id{i}) % 256);
  CHECK(buckets.size() > 40);
}

TEST_CASE("hexadecimal is sixteen digits, the highest first") {
  CHECK(to_hex(0) == "0000000000000000");
  CHECK(to_hex(0x1f) == "000000000000001f");
  CHECK(to_hex(0xfedcba9876543210ULL) == "fedcba9876543210");
  CHECK(to_hex(~0ULL) == "ffffffffffffffff");
}

TEST_CASE("a call's name holds its caller's life and its id, and nothing else is one") {
  const identity caller{node_id{7}, epoch{1}};
  const auto name = call_name(caller, call_id{0x1000001});
  CHECK(name.size() == 16 + 8);
  CHECK(name.ends_with("-1000001"));
  const auto read = parse_call_name(name);
  REQUIRE(read);
  CHECK(read->caller == caller_tag(caller));
  CHECK(read->call == call_id{0x1000001});
  CHECK(caller_tag({node_id{7}, epoch{2}}) != caller_tag(caller));
  for (const auto* text :
       {"", "shop.Cart", "0123456789abcdef", "0123456789abcdef-", "0123456789abcdeg-1", "0123456789abcdef-1x",
        "0123456789abcdef-11112222333344445", "-1", "+123456789abcdef-1"})
    CHECK_FALSE(parse_call_name(text));
}
