#include <span>
#include <string>
#include <vector>

#include <troupe/transport/datagram_socket.hpp>

#include "transport/loop_fixture.hpp"

namespace troupe::transport {

TEST_CASE("a UDP socket carries packets, drops oversized ones, and survives whatever a peer does") {
  loop_fixture where;
  auto open = [] { return std::move(listen_on(*parse_endpoint("127.0.0.1:0")).value()); };
  auto here = open();
  auto there = open();
  std::vector<std::string> heard;
  datagram_socket one(where.loop(), std::move(here.udp),
                      [&](std::span<const std::byte> packet, const endpoint& from) {
                        CHECK(from.port != 0);
                        heard.emplace_back(reinterpret_cast<const char*>(packet.data()), packet.size());
                      });
  datagram_socket other(where.loop(), std::move(there.udp),
                        [](std::span<const std::byte>, const endpoint&) {});
  where.on_loop([&] {
    one.start();
    other.start();
  });
  const auto bytes_of = [](const std::string& what) {
    const auto bytes = std::as_bytes(std::span(what));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  const auto say = [&](const endpoint& to, const std::string& what) {
    where.on_loop([&] {
      other.send(bytes_of(what), to);
      other.flush();
    });
  };
  say(here.bound, "hello");
  REQUIRE(where.eventually([&] { return heard.size() == 1; }));
  CHECK(heard[0] == "hello");
  say(here.bound, std::string(3000, 'x'));
  // Nobody listens there (an ICMP error comes back), and what no kernel would send.
  where.on_loop([&] {
    one.send({}, *parse_endpoint("127.0.0.1:1"));
    one.flush();
  });
  // In one go: an error is one packet's, and the rest leaves in order.
  where.on_loop([&] {
    for (int i = 0; i < 100; ++i) {
      if (i == 7) other.send(bytes_of(std::string(70'000, 'x')), here.bound);
      if (i == 40) other.send(bytes_of("to all"), *parse_endpoint("255.255.255.255:9"));
      other.send(bytes_of(std::to_string(i)), here.bound);
    }
    other.flush();
  });
  REQUIRE(where.eventually([&] { return heard.size() == 101; }));
  CHECK(heard[100] == "99");
  // An error event, as epoll reports it, is cleared and forgotten.
  where.on_loop([&] { one.handle_event(caf::io::network::operation::propagate_error); });
  say(here.bound, "still there?");
  REQUIRE(where.eventually([&] { return heard.size() == 102; }));
  where.on_loop([&] {
    CHECK(one.counted().oversized == 1);
    CHECK(one.counted().received == 102);
    CHECK(other.counted().unsent == 2);
    CHECK(other.counted().sent == 103);
    one.stop();
    other.stop();
    one.send({}, there.bound);
    one.flush();
  });
  where.on_loop([] {});
}

}  // namespace troupe::transport
