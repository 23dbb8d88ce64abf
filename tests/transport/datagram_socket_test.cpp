#include <span>
#include <string>
#include <utility>
#include <vector>

#include <troupe/transport/datagram_socket.hpp>

#include "transport/loop_fixture.hpp"

namespace troupe::transport {

namespace {

std::vector<std::byte> bytes_of(const std::string& what) {
  const auto bytes = std::as_bytes(std::span(what));
  return {bytes.begin(), bytes.end()};
}

/// Two sockets on one loop: what `other` says to `one` is heard.
struct pair_of_sockets {
  pair_of_sockets() {
    where.on_loop([&] {
      one.start();
      other.start();
    });
  }
  ~pair_of_sockets() {
    where.on_loop([&] {
      one.stop();
      other.stop();
    });
    where.on_loop([] {});
  }
  static listening_sockets open() { return std::move(listen_on(*parse_endpoint("127.0.0.1:0")).value()); }
  void say(const std::string& what) {
    where.on_loop([&] {
      other.send(bytes_of(what), here.bound);
      other.flush();
    });
  }
  bool hears(std::size_t packets) {
    return where.eventually([&] { return heard.size() == packets; });
  }

  loop_fixture where;
  listening_sockets here = open(), there = open();
  std::vector<std::string> heard;
  datagram_socket one{where.loop(), std::move(here.udp),
                      [this](std::span<const std::byte> packet, const endpoint& from) {
                        CHECK(from.port != 0);
                        heard.emplace_back(reinterpret_cast<const char*>(packet.data()), packet.size());
                      }};
  datagram_socket other{where.loop(), std::move(there.udp),
                        [](std::span<const std::byte>, const endpoint&) {}};
};

}  // namespace

TEST_CASE("a UDP socket carries packets, and drops oversized ones") {
  pair_of_sockets it;
  it.say("hello");
  REQUIRE(it.hears(1));
  CHECK(it.heard[0] == "hello");
  it.say(std::string(3000, 'x'));
  it.say("still there?");
  REQUIRE(it.hears(2));
  CHECK(it.heard[1] == "still there?");
  it.where.on_loop([&] {
    CHECK(it.one.counted().oversized == 1);
    CHECK(it.one.counted().received == 2);
    CHECK(it.other.counted().unsent == 0);
    CHECK(it.other.counted().sent == 3);
  });
}

TEST_CASE("whatever happens to one packet, the rest leaves in order") {
  pair_of_sockets it;
  // Nobody listens there: an ICMP error comes back.
  it.where.on_loop([&] {
    it.one.send({}, *parse_endpoint("127.0.0.1:1"));
    it.one.flush();
  });
  // In one go, with what no kernel would send.
  it.where.on_loop([&] {
    for (int i = 0; i < 100; ++i) {
      if (i == 7) it.other.send(bytes_of(std::string(70'000, 'x')), it.here.bound);
      if (i == 40) it.other.send(bytes_of("to all"), *parse_endpoint("255.255.255.255:9"));
      it.other.send(bytes_of(std::to_string(i)), it.here.bound);
    }
    it.other.flush();
  });
  REQUIRE(it.hears(100));
  for (int i = 0; i < 100; ++i) CHECK(it.heard[static_cast<std::size_t>(i)] == std::to_string(i));
  it.where.on_loop([&] {
    CHECK(it.one.counted().received == 100);
    CHECK(it.other.counted().unsent == 2);
    CHECK(it.other.counted().sent == 100);
  });
}

TEST_CASE("an error event, as epoll reports it, is cleared and forgotten") {
  pair_of_sockets it;
  it.where.on_loop([&] { it.one.handle_event(caf::io::network::operation::propagate_error); });
  it.say("still there?");
  CHECK(it.hears(1));
}

TEST_CASE("a socket that has stopped may still be handed packets") {
  pair_of_sockets it;
  it.where.on_loop([&] {
    it.one.stop();
    it.one.send({}, it.there.bound);
    it.one.flush();
  });
  it.where.on_loop([&] { CHECK(it.other.counted().received == 0); });
}

}  // namespace troupe::transport
