// Frames over real sockets of this machine.
#include <string>
#include <vector>

#include <unistd.h>

#include "transport/loop_fixture.hpp"

namespace troupe::transport {

TEST_CASE("frames of all sizes arrive whole and in order, whatever the kernel takes at once") {
  loop_fixture where;
  pair_of_links pair(where);
  const std::vector<std::size_t> sizes = {1, 100, 40'000, 7, 300'000, 3, 2'000'000, 50'000, 9};
  where.on_loop([&] {
    for (std::size_t i = 0; i < sizes.size(); ++i)
      CHECK(send_bytes(*pair.a, sizes[i], static_cast<std::uint8_t>(i + 1)) == link::sent::yes);
  });
  REQUIRE(where.eventually([&] { return pair.at_b.received.size() == sizes.size(); }));
  for (std::size_t i = 0; i < sizes.size(); ++i)
    CHECK(exchange_size(pair.at_b.received[i], static_cast<std::uint8_t>(i + 1)) ==
          static_cast<long>(sizes[i]));
  CHECK(where.on_loop([&] { return pair.a->queued_bytes(); }) == 0);
  CHECK(where.on_loop([&] { return pair.a->sent_bytes() == pair.b->received_bytes(); }));
}

TEST_CASE("a message of many segments, larger than what is copied, arrives whole") {
  loop_fixture where;
  pair_of_links pair(where);
  where.on_loop([&] {
    capnp::MallocMessageBuilder message(512, capnp::AllocationStrategy::FIXED_SIZE);
    auto request = message.initRoot<wire::idl::Frame>().initRequest();
    auto metadata = request.initMetadata(6000);
    for (capnp::uint i = 0; i < metadata.size(); ++i) {
      metadata[i].setKey("key-" + std::to_string(i));
      metadata[i].setValue(std::string(i % 90, 'v'));
    }
    CHECK(message.getSegmentsForOutput().size() > 64);
    CHECK(pair.a->send(message, link::when_full::refuse) == link::sent::yes);
  });
  REQUIRE(where.eventually([&] { return pair.at_b.received.size() == 1; }));
  const auto& words = pair.at_b.received[0].words;
  capnp::FlatArrayMessageReader reader(kj::arrayPtr(words.data(), words.size()));
  const auto metadata = reader.getRoot<wire::idl::Frame>().getRequest().getMetadata();
  REQUIRE(metadata.size() == 6000);
  CHECK(metadata[5999].getKey() == "key-5999");
  CHECK(metadata[89].getValue().size() == 89);
}

TEST_CASE("a link refuses above its high-water mark and takes frames again below the low one") {
  loop_fixture where;
  const link_limits limits{.high_water = 1u << 20, .low_water = 256u << 10};
  pair_of_links pair(where, limits);
  where.on_loop([&] { pair.b->pause_reading(); });
  int taken = 0;
  where.on_loop([&] {
    while (taken < 10'000 && send_bytes(*pair.a, 8000, 1) == link::sent::yes) ++taken;
  });
  CHECK(taken < 1000);
  CHECK(where.on_loop([&] { return pair.a->congested(); }));
  CHECK(pair.at_a.congested == std::vector{true});
  const auto queued = where.on_loop([&] { return pair.a->queued_bytes(); });
  CHECK(queued > limits.high_water);
  CHECK(queued < limits.high_water + 9000);
  // What must be said is taken all the same.
  CHECK(where.on_loop([&] { return send_bytes(*pair.a, 8000, 1, link::when_full::append); }) ==
        link::sent::yes);
  where.on_loop([&] { pair.b->resume_reading(); });
  REQUIRE(where.eventually([&] { return !pair.a->congested(); }));
  CHECK(pair.at_a.congested == std::vector{true, false});
  REQUIRE(where.eventually([&] { return pair.at_b.received.size() == static_cast<std::size_t>(taken) + 1; }));
  CHECK(where.on_loop([&] { return send_bytes(*pair.a, 8000, 1); }) == link::sent::yes);
}

TEST_CASE("a turn that sends more than the mark does not congest a link whose peer keeps up") {
  loop_fixture where;
  const link_limits limits{.high_water = 64u << 10, .low_water = 16u << 10};
  pair_of_links pair(where, limits);
  where.on_loop([&] {
    // More than the mark, less than the kernel takes.
    for (int i = 0; i < 12; ++i) REQUIRE(send_bytes(*pair.a, 8000, 1) == link::sent::yes);
  });
  CHECK(pair.at_a.congested.empty());
  REQUIRE(where.eventually([&] { return pair.at_b.received.size() == 12; }));
}

TEST_CASE("a link may be closed while it hands frames over: nothing comes after") {
  loop_fixture where;
  pair_of_links pair(where);
  pair.at_b.on_each = [](link& which) { which.close("enough"); };
  where.on_loop([&] {
    (void)send_bytes(*pair.a, 50, 1);
    (void)send_bytes(*pair.a, 50, 2);
  });
  REQUIRE(where.eventually([&] { return pair.at_b.closed; }));
  CHECK(pair.at_b.why == "enough");
  CHECK(where.on_loop([&] { return pair.b->now() == link::phase::closed; }));
  CHECK(where.on_loop([&] { return send_bytes(*pair.b, 10, 1); }) == link::sent::closed);
  CHECK_FALSE(pair.at_a.closed);
  where.on_loop([&] { where.loop().dispose(std::move(pair.b)); });
  REQUIRE(where.eventually([&] { return pair.at_a.closed; }));
  CHECK(pair.at_a.why.find("closed") != std::string::npos);
}

TEST_CASE("a link to a peer that vanished closes once, also in the middle of a large message") {
  loop_fixture where;
  pair_of_links pair(where);
  where.on_loop([&] {
    pair.b->close("gone");
    where.loop().dispose(std::move(pair.b));
  });
  REQUIRE(where.eventually([&] { return pair.at_a.closed; }));
  auto [one, other] = connected_pair();
  pair.b = connector(where.loop(), {}).adopt(std::move(one), {}, pair.at_b);
  other = owned_fd();
  pair.at_b = {};
  where.on_loop([&] {
    // It does not read: the write finds out, in the middle of `send`.
    pair.b->start();
    pair.b->pause_reading();
    (void)send_bytes(*pair.b, 9'000'000, 1);
    CHECK(pair.at_b.closed);
    (void)send_bytes(*pair.b, 9'000'000, 1);
  });
  CHECK(pair.at_b.after_close == 0);
  CHECK(pair.at_b.congested.empty());
}

TEST_CASE("bytes that are no frames close the link with a sentence") {
  loop_fixture where;
  auto [one, other] = connected_pair();
  link_witness told;
  auto which = connector(where.loop(), {}).adopt(std::move(one), {}, told);
  where.on_loop([&] { which->start(); });
  REQUIRE(::write(other.get(), "GET / HTTP/1.1\r\n", 16) == 16);
  REQUIRE(where.eventually([&] { return told.closed; }));
  CHECK(told.why.find("does not speak Troupe's protocol") != std::string::npos);
  where.on_loop([&] { where.loop().dispose(std::move(which)); });
  where.on_loop([] {});
}

}  // namespace troupe::transport
