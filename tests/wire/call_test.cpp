// Requests and replies: what is written is what is read, numbers of strangers have bounds, and nothing that
// an ordinary call needs is allocated.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/base/random.hpp>
#include <troupe/wire/call.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/signals.hpp>

#include "frames.hpp"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const got = std::malloc(size > 0 ? size : 1)) return got;
  throw std::bad_alloc();
}
void operator delete(void* what) noexcept { std::free(what); }
void operator delete(void* what, std::size_t) noexcept { std::free(what); }

using namespace troupe;
using namespace troupe::wire;
using test::arrived;
using test::forged;

namespace {

constexpr method_address add{"shop.Cart", 0x940fe95dde5828b9, 65535};
constexpr rpc::trace_context traced{1, ~std::uint64_t{0}, 3, 255};

attempt_head ordinary() { return {.attempt = {0x10000011}, .call = {0x1000001}, .remaining = 250ms}; }

void fill_params(request_envelope& of, std::string_view text) {
  of.params().initAs<idl::Hello>().setCluster(kj::StringPtr(text.data(), text.size()));
}

message_ptr request_with(const attempt_head& what) {
  request_envelope envelope;
  envelope.begin(add);
  fill_params(envelope, "parameters");
  envelope.stamp(what, traced);
  return arrived(envelope.message());
}

/// Within the object itself: neither Cap'n Proto nor anybody else has allocated for it.
template <class Envelope>
bool keeps_to_itself(Envelope& envelope) {
  const auto segments = envelope.message().getSegmentsForOutput();
  const auto* const first = reinterpret_cast<const std::byte*>(&envelope);
  const auto* const begin = reinterpret_cast<const std::byte*>(segments[0].begin());
  return segments.size() == 1 && begin >= first && begin < first + sizeof envelope;
}

}  // namespace

// --- Requests ------------------------------------------------------------------------------------------

TEST_CASE("a request arrives as it was written") {
  for (const auto matters :
       {rpc::criticality::sheddable, rpc::criticality::normal, rpc::criticality::critical}) {
    const auto message = request_with({.attempt = {~std::uint64_t{0}},
                                       .call = {7},
                                       .number = 255,
                                       .criticality = matters,
                                       .bounce_at = ~std::uint32_t{0},
                                       .remaining = 24h});
    REQUIRE(message->kind() == frame_kind::request);
    const auto head = read_request(*message);
    REQUIRE(head);
    CHECK(head->method.service == add.service);
    CHECK(head->method.interface_id == add.interface_id);
    CHECK(head->method.ordinal == add.ordinal);
    CHECK(head->attempt.attempt.value == ~std::uint64_t{0});
    CHECK(head->attempt.call.value == 7);
    CHECK(head->attempt.number == 255);
    CHECK(head->attempt.criticality == matters);
    CHECK(head->attempt.bounce_at == ~std::uint32_t{0});
    CHECK(head->attempt.remaining == 24h);
    CHECK(trace_of(*message) == traced);
    CHECK(head->params.getAs<idl::Hello>().getCluster() == "parameters");
  }
}

TEST_CASE("a stamp replaces the one before it, and leaves the parameters alone") {
  request_envelope envelope;
  envelope.begin(add);
  fill_params(envelope, "parameters");
  auto what = ordinary();
  what.bounce_at = 5;
  what.criticality = rpc::criticality::critical;
  envelope.stamp(what, traced);
  const auto size = message_words(envelope.message());
  envelope.stamp(ordinary(), {});
  CHECK(message_words(envelope.message()) == size);
  const auto message = arrived(envelope.message());
  const auto head = read_request(*message);
  REQUIRE(head);
  CHECK(head->attempt.bounce_at == 0);
  CHECK(head->attempt.criticality == rpc::criticality::normal);
  CHECK(trace_of(*message) == rpc::trace_context{});
  CHECK(head->params.getAs<idl::Hello>().getCluster() == "parameters");
}

TEST_CASE("metadata arrives with its zero bytes, and of two of a key the first counts") {
  const std::vector<std::pair<std::string, std::string>> entries = {
      {"user", std::string("a\0b", 3)}, {"", "nameless"}, {"user", "again"}};
  request_envelope envelope;
  envelope.begin(add);
  envelope.set_metadata(entries);
  envelope.stamp(ordinary(), {});
  const auto message = arrived(envelope.message());
  CHECK(metadata_of(*message, "user") == entries[0].second);
  CHECK(metadata_of(*message, "") == "nameless");
  CHECK(metadata_of(*message, "region").empty());
}

TEST_CASE("what is left of a request's time is at least a microsecond when it leaves") {
  for (const duration left : {duration{-5}, duration{0}, duration{999}}) {
    auto what = ordinary();
    what.remaining = left;
    CHECK(read_request(*request_with(what))->attempt.remaining == 1us);
  }
}

TEST_CASE("numbers of a stranger's request are brought into their bounds") {
  const auto message = forged([](auto frame) {
    auto request = frame.initRequest();
    request.setRemainingMicros(~std::uint64_t{0});
    request.setCriticality(200);
    request.setAttempt(0);
  });
  const auto head = read_request(*message);
  REQUIRE(head);
  CHECK(head->attempt.remaining == 24h);
  CHECK(head->attempt.criticality == rpc::criticality::normal);
  CHECK(head->attempt.number == 0);
  CHECK(head->method.service.empty());
}

// --- Replies -------------------------------------------------------------------------------------------

TEST_CASE("results arrive with the load that they were written with") {
  const rpc::load_report load{.in_flight = 3,
                              .yours = 2,
                              .workers = 1,
                              .limit = ~std::uint32_t{0},
                              .queue_delay = 2ms,
                              .service_time = 30ms,
                              .service_age = 1h,
                              .flags = rpc::load_flag::overloaded_and_draining};
  reply_envelope envelope;
  envelope.answers({9});
  envelope.results().initAs<idl::Hello>().setName("results");
  envelope.set_load(load);
  const auto message = arrived(envelope.message());
  REQUIRE(message->kind() == frame_kind::reply);
  const auto said = read_reply(*message);
  REQUIRE(said);
  CHECK(said->attempt.value == 9);
  CHECK_FALSE(said->failed);
  CHECK(said->load.in_flight == load.in_flight);
  CHECK(said->load.yours == load.yours);
  CHECK(said->load.workers == load.workers);
  CHECK(said->load.limit == load.limit);
  CHECK(said->load.queue_delay == load.queue_delay);
  CHECK(said->load.service_time == load.service_time);
  CHECK(said->load.service_age == load.service_age);
  CHECK(said->load.flags == load.flags);
  CHECK(said->results.getAs<idl::Hello>().getName() == "results");
}

TEST_CASE("each flag of a load travels alone") {
  for (const auto flag : {rpc::load_flag::none, rpc::load_flag::overloaded, rpc::load_flag::draining}) {
    reply_envelope envelope;
    envelope.set_load({.flags = flag});
    CHECK(read_reply(*arrived(envelope.message()))->load.flags == flag);
  }
}

TEST_CASE("times of a load that are negative or too long for the wire are at its ends") {
  reply_envelope envelope;
  envelope.set_load({.queue_delay = -5s, .service_time = 1000h, .service_age = duration::max()});
  const auto said = read_reply(*arrived(envelope.message()));
  REQUIRE(said);
  CHECK(said->load.queue_delay == 0s);
  CHECK(said->load.service_time == std::chrono::microseconds(UINT32_MAX));
  CHECK(said->load.service_age == std::chrono::microseconds(UINT32_MAX));
}

TEST_CASE("a failure replaces results, and arrives as it was written") {
  for (const auto how : {ending::refused, ending::bounced, ending::executed}) {
    for (const auto advice : {rpc::advice::may_retry, rpc::advice::do_not_retry}) {
      reply_envelope envelope;
      envelope.answers({9});
      envelope.results().initAs<idl::Hello>().setName("results");
      envelope.fail({code::not_found, how, advice, std::string_view("no such\0cart", 12)});
      const auto message = arrived(envelope.message());
      const auto said = read_reply(*message);
      REQUIRE(said);
      REQUIRE(said->failed);
      CHECK(said->failed->code == code::not_found);
      CHECK(said->failed->how == how);
      CHECK(said->failed->advice == advice);
      CHECK(said->failed->text == std::string_view("no such\0cart", 12));
    }
  }
}

TEST_CASE("advice can be added to a failure") {
  reply_envelope envelope;
  envelope.fail({code::resource_exhausted, ending::refused, rpc::advice::may_retry, "overloaded"});
  envelope.set_advice(rpc::advice::do_not_retry);
  const auto message = arrived(envelope.message());
  const auto said = read_reply(*message);
  REQUIRE(said);
  CHECK(said->failed->advice == rpc::advice::do_not_retry);
  CHECK(said->failed->text == "overloaded");
}

TEST_CASE("a stranger's failure is never OK, and what was executed has not bounced") {
  for (const std::uint16_t number : {std::uint16_t{0}, std::uint16_t{17}, std::uint16_t{65535}}) {
    const auto message = forged([&](auto frame) {
      auto failure = frame.initReply().initFailure();
      failure.setCode(number);
      failure.setExecuted(true);
      failure.setBounced(true);
    });
    const auto said = read_reply(*message);
    REQUIRE(said);
    REQUIRE(said->failed);
    CHECK(said->failed->code == code::unknown);
    CHECK(said->failed->how == ending::executed);
  }
}

// --- Strangers -----------------------------------------------------------------------------------------

TEST_CASE("whatever is altered in a frame, reading it gives a value or an error") {
  const auto look_at_all = [](const message& from) {
    (void)read_hello(from);
    (void)read_welcome(from);
    switch (from.kind()) {
      case frame_kind::request:
        return static_cast<bool>(read_request(from));
      case frame_kind::reply:
        return static_cast<bool>(read_reply(from));
      case frame_kind::go_away:
        return static_cast<bool>(read_go_away(from));
      case frame_kind::load_query:
        return static_cast<bool>(read_load_query(from));
      case frame_kind::load_answer:
        return static_cast<bool>(read_load_answer(from));
      case frame_kind::exchange:
        return static_cast<bool>(read_exchange(from));
      default:
        return true;
    }
  };
  request_envelope request;
  request.begin(add);
  fill_params(request, "parameters");
  request.stamp(ordinary(), traced);
  reply_envelope refused;
  refused.set_load({.in_flight = 3});
  refused.fail({code::unavailable, ending::refused, rpc::advice::may_retry, "not now"});
  short_frame introduced(hello{.cluster = "shop", .from = {{1}, {2}}, .name = "cart-1"});
  random_source random(11);
  int unreadable = 0;
  capnp::MessageBuilder& hello_frame = introduced;
  for (capnp::MessageBuilder* each : {&request.message(), &refused.message(), &hello_frame}) {
    const auto whole = copy_to_frame(*each);
    for (std::size_t place = 0; place < whole.words.size(); ++place) {
      for (int i = 0; i < 200; ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, &whole.words[place], sizeof word);
        word ^= std::uint64_t{1} << random.below(64);
        if (i % 2 == 1) word = random();
        const auto read = open(test::altered(whole, place, word), frame_limits{});
        unreadable += read && look_at_all(**read) ? 0 : 1;
      }
    }
  }
  CHECK(unreadable > 100);
}

// --- Costs ---------------------------------------------------------------------------------------------

TEST_CASE("an ordinary request is written, and stamped again, without an allocation") {
  const auto before = allocations;
  REQUIRE(before > 0);  // else nobody counts
  request_envelope envelope;
  envelope.begin(add);
  fill_params(envelope, "an ordinary parameter of some length");
  for (int i = 0; i < 10; ++i) envelope.stamp(ordinary(), traced);
  const auto after = allocations;
  CHECK(after == before);
  CHECK(keeps_to_itself(envelope));
}

TEST_CASE("an ordinary reply is written without an allocation") {
  const auto before = allocations;
  reply_envelope envelope;
  envelope.answers({9});
  envelope.results().initAs<idl::Hello>().setName("an ordinary result of some length");
  envelope.set_load({.in_flight = 3, .service_time = 30ms});
  const auto after = allocations;
  CHECK(after == before);
  CHECK(keeps_to_itself(envelope));
}

TEST_CASE("heads are read without an allocation, and their texts are in the frame") {
  reply_envelope refused;
  refused.fail(
      {code::unavailable, ending::refused, rpc::advice::may_retry, "fuller than its caller thought"});
  const auto request = request_with(ordinary());
  const auto answer = arrived(refused.message());
  const auto before = allocations;
  const auto head = read_request(*request);
  const auto said = read_reply(*answer);
  const auto after = allocations;
  CHECK(after == before);
  REQUIRE(head);
  REQUIRE(said);
  CHECK(head->method.service == add.service);
  CHECK(said->failed->text == "fuller than its caller thought");
}

TEST_CASE("a short frame needs no allocation") {
  const auto before = allocations;
  const short_frame given_up(cancel{{7}});
  const short_frame asked(load_query{"shop.Cart"});
  const auto after = allocations;
  CHECK(after == before);
}
