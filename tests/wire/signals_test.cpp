// The short frames beside calls arrive as they were said.
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/wire/signals.hpp>

#include "frames.hpp"

using namespace troupe;
using namespace troupe::wire;
using test::arrived;
using test::arrived_as;

TEST_CASE("cancels, pings and pongs arrive as they were said") {
  const auto given_up = arrived_as(cancel{{~std::uint64_t{0}}});
  REQUIRE(given_up->kind() == frame_kind::cancel);
  CHECK(read_cancel(*given_up).attempt.value == ~std::uint64_t{0});
  const auto asked = arrived_as(ping{7});
  REQUIRE(asked->kind() == frame_kind::ping);
  CHECK(read_ping(*asked).number == 7);
  const auto answered = arrived_as(pong{8});
  REQUIRE(answered->kind() == frame_kind::pong);
  CHECK(read_pong(*answered).number == 8);
}

TEST_CASE("a farewell says why, and not for longer than a line of a log") {
  const auto brief = arrived_as(go_away{"it stops"});
  REQUIRE(brief->kind() == frame_kind::go_away);
  CHECK(read_go_away(*brief)->why == "it stops");
  const std::string endless(100'000, 'x');
  CHECK(read_go_away(*arrived_as(go_away{endless}))->why.size() == 1024);
}

TEST_CASE("a load query names a service, and its answer tells the load") {
  const auto asked = arrived_as(load_query{"shop.Cart"});
  REQUIRE(asked->kind() == frame_kind::load_query);
  CHECK(read_load_query(*asked)->service == "shop.Cart");
  const auto told = arrived_as(load_answer{"shop.Cart", {.in_flight = 3, .limit = 7}});
  REQUIRE(told->kind() == frame_kind::load_answer);
  const auto heard = read_load_answer(*told);
  REQUIRE(heard);
  CHECK(heard->service == "shop.Cart");
  CHECK(heard->load.in_flight == 3);
  CHECK(heard->load.limit == 7);
}

TEST_CASE("a sync's message travels in one segment, however long it is") {
  for (const std::size_t size : {0, 1, 8, 1000, 256 << 10}) {
    CAPTURE(size);
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7);
    exchange_frame frame(bytes);
    capnp::MessageBuilder& message = frame;
    CHECK(message.getSegmentsForOutput().size() == 1);
    const auto read = arrived(message);
    REQUIRE(read->kind() == frame_kind::exchange);
    const auto heard = read_exchange(*read);
    REQUIRE(heard);
    CHECK(std::vector(heard->message.begin(), heard->message.end()) == bytes);
  }
}

TEST_CASE("texts that lead out of their frame are errors") {
  const auto each_altered = [](capnp::MessageBuilder& message, auto read) {
    const auto frame = copy_to_frame(message);
    int refused = 0;
    for (std::size_t place = 1; place < frame.words.size(); ++place) {
      // A list pointer to bytes beyond the frame, wherever the text's pointer is.
      const auto broken = open(test::altered(frame, place, 0x00000052'7ffffff1ull), frame_limits{});
      if (!broken || (*broken)->kind() != open(frame, frame_limits{}).value()->kind()) continue;
      refused += read(**broken) ? 0 : 1;
    }
    CHECK(refused > 0);
  };
  short_frame farewell(go_away{"it stops"});
  each_altered(farewell, [](const message& from) { return static_cast<bool>(read_go_away(from)); });
  short_frame query(load_query{"shop.Cart"});
  each_altered(query, [](const message& from) { return static_cast<bool>(read_load_query(from)); });
  short_frame answer(load_answer{"shop.Cart", {}});
  each_altered(answer, [](const message& from) { return static_cast<bool>(read_load_answer(from)); });
  const std::vector<std::byte> bytes(100);
  exchange_frame sync(bytes);
  each_altered(sync, [](const message& from) { return static_cast<bool>(read_exchange(from)); });
}
