#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/endpoint.hpp>

using namespace troupe;

namespace {

endpoint parsed(std::string_view text) {
  const auto where = parse_endpoint(text);
  REQUIRE_MESSAGE(where, text);
  return *where;
}

}  // namespace

TEST_CASE("an address reads and prints in one form") {
  for (const std::string text : {"127.0.0.1:7000", "0.0.0.0:1", "255.255.255.255:65535", "[::1]:7000",
                                 "[::]:80", "[2001:db8::7]:443", "10.0.0.1:0"}) {
    CAPTURE(text);
    CHECK(to_string(parsed(text)) == text);
  }
}

TEST_CASE("different spellings of one address are equal") {
  CHECK(parsed("[0:0:0:0:0:0:0:1]:7000") == parsed("[::1]:7000"));
  CHECK(parsed("[::ffff:127.0.0.1]:7000") == parsed("127.0.0.1:7000"));
  CHECK(to_string(parsed("[::ffff:127.0.0.1]:7000")) == "127.0.0.1:7000");
  CHECK(parsed("127.0.0.1:7000") != parsed("127.0.0.1:7001"));
  CHECK(parsed("[::1]:7000") != parsed("127.0.0.1:7000"));
}

TEST_CASE("what is not a numeric address and a port is refused with its text") {
  for (const std::string text : {"",
                                 ":",
                                 ":7000",
                                 "127.0.0.1",
                                 "127.0.0.1:",
                                 "127.0.0.1:65536",
                                 "127.0.0.1:-1",
                                 "127.0.0.1:+1",
                                 "127.0.0.1:7000 ",
                                 " 127.0.0.1:7000",
                                 "127.0.0.1:70x",
                                 "127.0.0:7000",
                                 "256.0.0.1:7000",
                                 "::1:7000",
                                 "[::1]",
                                 "[::1]7000",
                                 "[::1:7000",
                                 "::1]:7000",
                                 "[]:7000",
                                 "localhost:7000"}) {
    CAPTURE(text);
    const auto where = parse_endpoint(text);
    REQUIRE_FALSE(where);
    CHECK(where.error().code == code::invalid_argument);
    CHECK(where.error().text.find("'" + text + "'") == 0);
  }
}

TEST_CASE("an address with a zero byte inside is refused") {
  CHECK_FALSE(parse_endpoint(std::string_view("127.0.0.1\0.evil:7000", 20)));
}

TEST_CASE("a host name and its port come apart") {
  const auto name = split_host_port("node-1.example:7000");
  REQUIRE(name);
  CHECK(name->host == "node-1.example");
  CHECK(name->port == 7000);
  const auto v6 = split_host_port("[2001:db8::7]:443");
  REQUIRE(v6);
  CHECK(v6->host == "2001:db8::7");
  CHECK(v6->port == 443);
  CHECK_FALSE(split_host_port("node-1"));
  CHECK_FALSE(split_host_port("2001:db8::7:443"));
}

TEST_CASE("only an address of zeros is unspecified, and only port 0 is no endpoint") {
  CHECK(parsed("0.0.0.0:7000").is_unspecified());
  CHECK(parsed("[::]:7000").is_unspecified());
  CHECK_FALSE(parsed("127.0.0.1:7000").is_unspecified());
  CHECK_FALSE(parsed("[::1]:7000").is_unspecified());
  CHECK_FALSE(parsed("[2001:db8::]:7000").is_unspecified());
  CHECK(endpoint{}.is_unspecified());
  CHECK_FALSE(endpoint{});
  CHECK_FALSE(parsed("127.0.0.1:0"));
  CHECK(parsed("127.0.0.1:1"));
}

TEST_CASE("IPv4 and IPv6 are told apart") {
  CHECK(parsed("127.0.0.1:7000").is_v4());
  CHECK_FALSE(parsed("[::1]:7000").is_v4());
  CHECK_FALSE(parsed("[::]:7000").is_v4());
}

TEST_CASE("endpoints sort by address, then by port") {
  std::vector<endpoint> sorted = {parsed("10.0.0.2:1"), parsed("10.0.0.1:2"), parsed("10.0.0.1:1")};
  std::sort(sorted.begin(), sorted.end());
  CHECK(to_string(sorted[0]) == "10.0.0.1:1");
  CHECK(to_string(sorted[1]) == "10.0.0.1:2");
  CHECK(to_string(sorted[2]) == "10.0.0.2:1");
}
