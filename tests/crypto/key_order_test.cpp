#include <string>

#include <doctest/doctest.h>

#include <troupe/crypto/key_order.hpp>

#include "crypto/keys_fixture.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::uint64_t today = 1'800'000'000;

}  // namespace

TEST_CASE("orders turn a key over: install, use, retire, and retire for good") {
  crypto::ring ring;
  REQUIRE(ring.install(key_of(1)));
  const auto obey = [&](const std::string& order) {
    const auto done = crypto::apply_key_order(order, today, ring);
    return done ? *done : done.error().text;
  };
  CHECK(obey("install " + key_of(2).to_text()) == "key " + id_of(2) + " is installed");
  CHECK(obey("use " + id_of(2)) == "key " + id_of(2) + " is primary");
  CHECK(ring.primary()->id == key_of(2).id());
  CHECK(obey("retire " + id_of(1)) == "key " + id_of(1) + " is retired");
  CHECK(ring.find(key_of(1).id())->secret.has_value());
  CHECK(obey("retire " + id_of(1) + " compromised") == "key " + id_of(1) + " is forgotten");
  CHECK_FALSE(ring.find(key_of(1).id())->secret.has_value());
}

TEST_CASE("what is no order changes nothing, and is told how one looks") {
  crypto::ring ring;
  REQUIRE(ring.install(key_of(1)));
  const auto before = ring;
  for (const std::string order : {"", " ", "use", "use x", "use 3f9a01bc now", "retire 3f9a01bc softly",
                                  "install", "destroy 3f9a01bc", "USE 3f9a01bc"}) {
    CAPTURE(order);
    const auto done = crypto::apply_key_order(order, today, ring);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == code::invalid_argument);
    CHECK(ring == before);
  }
  CHECK(crypto::apply_key_order("use 00000001", today, ring).error().code == code::not_found);
}
