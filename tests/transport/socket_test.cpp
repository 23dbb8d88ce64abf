#include <string>

#include <doctest/doctest.h>

#include <troupe/transport/socket.hpp>

namespace troupe::transport {

TEST_CASE("a port in use and a foreign address are refused by name") {
  auto first = listen_on(*parse_endpoint("127.0.0.1:0"));
  REQUIRE(first);
  const auto second = listen_on(first->bound);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == code::already_exists);
  CHECK(second.error().text.find(to_string(first->bound)) != std::string::npos);
  const auto foreign = listen_on(*parse_endpoint("192.0.2.1:0"));
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().code == code::invalid_argument);
  CHECK(resolve("no-such-host.invalid:80").error().code == code::not_found);
  const auto local = resolve("localhost:7000");
  REQUIRE(local);
  REQUIRE_FALSE(local->empty());
  CHECK(local->front().port == 7000);
}

}  // namespace troupe::transport
