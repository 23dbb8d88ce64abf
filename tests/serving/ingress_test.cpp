// The links that callers make, over real sockets: who is let in, what comes in on their links, and how long
// they stay; time is the test's own.
#include <cstddef>
#include <string>

#include <doctest/doctest.h>
#include <unistd.h>

#include "serving/ingress_fixture.hpp"

namespace {

using namespace troupe;
using namespace troupe::serving;
using namespace troupe::serving::test;

bytes sized(std::size_t count) { return bytes(count, std::byte{5}); }

}  // namespace

TEST_CASE("a hello is welcomed, and its node is known from then on") {
  ingress_fixture it;
  auto& shop = it.dial();
  REQUIRE(it.where.eventually([&] { return it.told().first.size() == 1; }));
  CHECK(it.links()[0].state == "not introduced");
  CHECK(it.links()[0].node.empty());
  it.say(shop, short_frame(sound_hello()));
  const auto welcome = wire::read_welcome(*shop.next(it.where));
  REQUIRE(welcome);
  CHECK(welcome->name == "pay-2");
  CHECK(welcome->from == it.shared.self);
  CHECK(welcome->features == wire::feature_set::all());
  CHECK(it.links()[0].state == "open");
  CHECK(it.links()[0].node == "shop-1");
  CHECK(it.counted("links_accepted") == 1);
}

TEST_CASE("a hello that cannot be agreed with is told why, and its link is closed") {
  ingress_fixture it;
  auto hello = sound_hello();
  auto expected = code::permission_denied;
  SUBCASE("it is of another cluster") { hello.cluster = "staging"; }
  SUBCASE("it is of another version") {
    hello.version = wire::protocol_version + 1;
    expected = code::failed_precondition;
  }
  auto& shop = it.dial();
  it.say(shop, short_frame(hello));
  const auto answer = wire::read_welcome(*shop.next(it.where));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == expected);
  CHECK_FALSE(answer.error().text.empty());
  CHECK(it.is_closed(shop));
  CHECK(it.links().empty());
  CHECK(it.counted("hellos_refused") == 1);
}

TEST_CASE("who does not begin with a hello is no caller: the link is closed without a word") {
  ingress_fixture it;
  it.echo->core.life().began();
  auto& stranger = it.dial();
  SUBCASE("but with a request") { it.request(stranger, 1); }
  SUBCASE("but with a ping") { it.say(stranger, short_frame(wire::ping{1})); }
  SUBCASE("but with the beginning of a sync") { it.say(stranger, wire::exchange_frame(sized(10))); }
  SUBCASE("but with a hello that is longer than any honest one") {
    auto long_hello = sound_hello();
    long_hello.name = std::string(wire::hello_bytes_max, 'x');
    it.say(stranger, short_frame(long_hello));
  }
  CHECK(it.is_closed(stranger));
  CHECK(it.where.on_loop([&] { return stranger.heard.received.empty(); }));
  CHECK(it.counted("bad_frames") == 1);
  CHECK(it.where.on_loop([&] { return it.desk.in_flight(); }) == 0);
  CHECK(it.syncs.empty());
}

TEST_CASE("what only the accepting side may say ends a caller's link") {
  ingress_fixture it;
  auto& shop = it.join();
  SUBCASE("a pong") { it.say(shop, short_frame(wire::pong{1})); }
  SUBCASE("a word that it will stop") { it.say(shop, short_frame(wire::go_away{"why"})); }
  SUBCASE("and so does a second hello") { it.say(shop, short_frame(sound_hello())); }
  CHECK(it.is_closed(shop));
  CHECK(it.counted("bad_frames") == 1);
}

TEST_CASE("links beyond links_max are turned away, until one of them has gone") {
  ingress_fixture it({.links_max = 2});
  auto& first = it.join();
  it.join(sound_hello(8));
  CHECK(it.is_closed(it.dial()));
  CHECK(it.counted("links_turned_away") == 1);
  CHECK(it.links().size() == 2);
  it.cut(first);
  REQUIRE(it.where.eventually([&] { return it.told().first.size() == 1; }));
  it.join(sound_hello(10));
  CHECK(it.links().size() == 2);
}

TEST_CASE("an ingress that accepts no more keeps the links that it has, until it is closed") {
  ingress_fixture it;
  auto& shop = it.join();
  it.where.on_loop([&] { it.door->stop_accepting(); });
  it.sync_with(shop);
  it.stop();
  CHECK(it.is_closed(shop));
  CHECK(it.links().empty());
}

TEST_CASE("a ping is answered by a pong of its number") {
  ingress_fixture it;
  auto& shop = it.join();
  it.say(shop, short_frame(wire::ping{42}));
  const auto pong = shop.next(it.where);
  REQUIRE(pong->kind() == frame_kind::pong);
  CHECK(wire::read_pong(*pong).number == 42);
}

TEST_CASE("a load query is answered for a service that serves, and says what of its load is the asker's") {
  ingress_fixture it;
  it.echo->core.life().began();
  auto& shop = it.join();
  it.request(it.join(sound_hello(8)), 1);
  it.request(shop, 1);
  REQUIRE(it.wait_for_requests(2));
  it.say(shop, short_frame(wire::load_query{service_name}));
  const auto answer = shop.next(it.where);
  REQUIRE(answer->kind() == frame_kind::load_answer);
  const auto said = wire::read_load_answer(*answer);
  REQUIRE(said);
  CHECK(said->service == service_name);
  CHECK(said->load.in_flight == 2);
  CHECK(said->load.yours == 1);
}

TEST_CASE("a load query gets no answer where there is nothing to say") {
  ingress_fixture it;
  auto& shop = it.join();
  SUBCASE("the service has not begun") { it.say(shop, short_frame(wire::load_query{service_name})); }
  SUBCASE("the service is not here") { it.say(shop, short_frame(wire::load_query{"test.Other"})); }
  it.sync_with(shop);
  CHECK(it.counted("load_queries") == 1);
}

TEST_CASE("a load query on a link that was made without them ends it") {
  ingress_fixture it;
  it.echo->core.life().began();
  SUBCASE("the caller did not name them") {
    auto hello = sound_hello();
    hello.features = hello.features.without(wire::feature::load_queries);
    auto& shop = it.join(hello);
    it.say(shop, short_frame(wire::load_query{service_name}));
    CHECK(it.is_closed(shop));
  }
  SUBCASE("this node did not") {
    it.shared.features = wire::feature_set::all().without(wire::feature::load_queries);
    auto& shop = it.join();
    it.say(shop, short_frame(wire::load_query{service_name}));
    CHECK(it.is_closed(shop));
  }
  CHECK(it.counted("load_queries") == 0);
}

TEST_CASE("a request reaches its service's queue, and its answer goes back by the link that it came by") {
  ingress_fixture it;
  it.echo->core.life().began();
  auto& other = it.join(sound_hello(8));
  auto& shop = it.join();
  it.request(shop, 5);
  REQUIRE(it.wait_for_requests(1));
  CHECK(it.waiting[0]->caller_name() == "shop-1");
  CHECK(it.waiting[0]->caller() == sound_hello().from);
  it.where.on_loop([&] {
    CHECK(it.waiting[0]->take_turn({admission::fate::begins}, actor::now()));
    it.waiting[0]->complete(actor::now());
    it.waiting.clear();
  });
  const auto answer = shop.next(it.where);
  REQUIRE(answer->kind() == frame_kind::reply);
  const auto reply = wire::read_reply(*answer);
  REQUIRE(reply);
  CHECK(reply->attempt == attempt_id{5});
  CHECK_FALSE(reply->failed);
  it.sync_with(other);  // and nothing before that
}

TEST_CASE("a request for a service that is not here is refused, and the link stays") {
  ingress_fixture it;
  auto& shop = it.join();
  wire::request_envelope envelope;
  envelope.begin({.service = "test.Other"});
  envelope.stamp({.attempt = {5}, .remaining = 30s}, {});
  it.say(shop, envelope.message());
  const auto answer = shop.next(it.where);
  const auto reply = wire::read_reply(*answer);
  REQUIRE(reply);
  REQUIRE(reply->failed);
  CHECK(reply->failed->how == wire::ending::refused);
  it.sync_with(shop);
}

TEST_CASE("a cancel reaches the request that it names, on its own link alone") {
  ingress_fixture it;
  it.echo->core.life().began();
  auto& shop = it.join();
  auto& other = it.join(sound_hello(8));
  it.request(shop, 5);
  it.request(shop, 6);
  REQUIRE(it.wait_for_requests(2));
  it.say(other, short_frame(wire::cancel{{6}}));
  it.sync_with(other);
  it.say(shop, short_frame(wire::cancel{{5}}));
  it.say(shop, short_frame(wire::cancel{{77}}));  // has been answered, say
  it.sync_with(shop);
  CHECK(it.waiting[0]->attempt() == attempt_id{5});
  CHECK(it.waiting[0]->cancelled());
  CHECK_FALSE(it.waiting[1]->cancelled());
}

TEST_CASE("a link that is cut cancels all that is under way by it") {
  ingress_fixture it;
  it.echo->core.life().began();
  auto& shop = it.join();
  auto& other = it.join(sound_hello(8));
  it.request(shop, 5);
  it.request(shop, 6);
  REQUIRE(it.wait_for_requests(2));
  it.request(other, 5);
  REQUIRE(it.wait_for_requests(3));
  it.cut(shop);
  REQUIRE(it.where.eventually([&] { return it.told().first.size() == 1; }));
  CHECK(it.waiting[0]->cancelled());
  CHECK(it.waiting[1]->cancelled());
  CHECK_FALSE(it.waiting[2]->cancelled());
  it.where.on_loop([&] { it.waiting.clear(); });
  CHECK(other.next(it.where)->kind() == frame_kind::reply);
  CHECK(it.where.on_loop([&] { return it.desk.in_flight(); }) == 0);
}

TEST_CASE("who does not say hello in time is not waited for any longer") {
  ingress_fixture it;
  const auto before = actor::now();
  auto& mute = it.dial();
  auto& shop = it.join();
  const auto after = actor::now();
  it.close_overdue(before + it.settings.hello_within);
  CHECK(it.links().size() == 2);
  it.close_overdue(after + it.settings.hello_within + 1ms);
  CHECK(it.is_closed(mute));
  CHECK(it.links().size() == 1);
  it.sync_with(shop);
}

TEST_CASE("a link on which nothing is heard is closed, one with a ping now and then stays") {
  ingress_fixture it;
  auto& shop = it.join();
  const auto looked = actor::now() + 1s;
  it.close_overdue(looked);
  it.close_overdue(looked + it.settings.idle_max);
  CHECK(it.links().size() == 1);
  it.sync_with(shop);
  const auto again = looked + it.settings.idle_max + 1s;
  it.close_overdue(again);
  it.close_overdue(again + it.settings.idle_max);
  CHECK(it.links().size() == 1);
  it.close_overdue(again + it.settings.idle_max + 1ms);
  CHECK(it.is_closed(shop));
}

TEST_CASE("a link in the middle of a transfer stays for as long as bytes come") {
  ingress_fixture it;
  auto fd = transport::begin_connect(it.address);
  REQUIRE(fd);
  REQUIRE(it.where.eventually([&] { return it.told().first.size() == 1; }));
  std::uint64_t sent = 0;
  const auto put = [&](const std::byte* from, std::size_t count) {
    REQUIRE(::write(fd->get(), from, count) == static_cast<ssize_t>(count));
    sent += count;
    REQUIRE(it.where.eventually([&] { return it.told().first.at(0).received_bytes == sent; }));
  };
  bytes text;
  wire::append_frame(text, short_frame(sound_hello()));
  put(text.data(), text.size());
  text.clear();
  wire::append_frame(text, wire::exchange_frame(sized(4000)));
  auto now = actor::now();
  for (std::size_t part = 0; part < 4; ++part) {
    put(text.data() + part * 1000, 1000);
    it.close_overdue(now += it.settings.idle_max);
    REQUIRE(it.links().size() == 1);
  }
  it.close_overdue(now + it.settings.idle_max + 1ms);
  CHECK(it.links().empty());
}

TEST_CASE("those that said hello are told when the node will stop") {
  ingress_fixture it;
  auto& shop = it.join();
  auto& stranger = it.dial();
  REQUIRE(it.where.eventually([&] { return it.told().first.size() == 2; }));
  it.where.on_loop([&] { it.door->say_go_away("new kernel"); });
  const auto farewell = shop.next(it.where);
  REQUIRE(farewell->kind() == frame_kind::go_away);
  CHECK(wire::read_go_away(*farewell)->why == "new kernel");
  it.say(stranger, short_frame(sound_hello(8)));
  CHECK(stranger.next(it.where)->kind() == frame_kind::welcome);
}

TEST_CASE("the messages of a sync go in turns, and it is one sync") {
  ingress_fixture it;
  auto& shop = it.join();
  for (std::size_t turn = 1; turn <= 3; ++turn) {
    it.say(shop, wire::exchange_frame(sized(turn)));
    REQUIRE(it.where.eventually([&] { return it.syncs.size() == turn; }));
    CHECK(it.syncs.back().message == sized(turn));
    it.where.on_loop([&] { it.syncs.back().answer(sized(turn * 10), ""); });
    const auto answer = shop.next(it.where);
    REQUIRE(answer->kind() == frame_kind::exchange);
    CHECK(wire::read_exchange(*answer)->message.size() == turn * 10);
  }
  it.where.on_loop([&] { it.syncs.back().answer({}, ""); });  // nothing to say
  it.sync_with(shop);
  CHECK(it.counted("exchanges_answered") == 1);
  CHECK(it.syncs_cut == 0);
}

TEST_CASE("a sync's message before the answer to the one before ends the link, and the sync") {
  ingress_fixture it;
  auto& shop = it.join();
  it.say(shop, wire::exchange_frame(sized(1)));
  it.say(shop, wire::exchange_frame(sized(2)));
  CHECK(it.is_closed(shop));
  CHECK(it.where.on_loop([&] { return it.syncs.size(); }) == 1);
  CHECK(it.where.on_loop([&] { return it.syncs_cut; }) == 1);
  it.where.on_loop([&] { it.syncs[0].answer(sized(10), "too late"); });  // for nobody
}

TEST_CASE("a sync that membership has had enough of gets its last word before the link is closed") {
  ingress_fixture it;
  auto& shop = it.join();
  auto& other = it.join(sound_hello(8));
  it.say(shop, wire::exchange_frame(sized(1)));
  REQUIRE(it.where.eventually([&] { return it.syncs.size() == 1; }));
  it.where.on_loop([&] { it.syncs[0].answer(sized(3), "it makes no sense"); });
  CHECK(shop.next(it.where)->kind() == frame_kind::exchange);
  CHECK(it.is_closed(shop));
  CHECK(it.counted("bad_frames") == 1);
  it.cut(other);  // which never asked for a sync
  REQUIRE(it.where.eventually([&] { return it.told().first.empty(); }));
  CHECK(it.syncs_cut == 1);
}

TEST_CASE("a caller that does not read what it is answered is not read from either, until it does") {
  ingress_fixture it;
  auto& shop = it.join();
  const auto link = [&] { return it.links().at(0); };
  it.say(shop, wire::exchange_frame(sized(1)));
  REQUIRE(it.where.eventually([&] { return it.syncs.size() == 1; }));
  it.where.on_loop([&] { shop.connection->pause_reading(); });
  it.where.on_loop([&] { it.syncs[0].answer(sized(32u << 20), ""); });
  REQUIRE(link().queued_bytes > it.shared.links.high_water);
  const auto received = link().received_bytes;
  it.say(shop, short_frame(wire::ping{42}));
  for (int round = 0; round < 100; ++round) it.where.on_loop([] {});
  CHECK(link().received_bytes == received);
  it.where.on_loop([&] { shop.connection->resume_reading(); });
  CHECK(shop.next(it.where)->kind() == frame_kind::exchange);
  CHECK(shop.next(it.where)->kind() == frame_kind::pong);
  CHECK(link().received_bytes > received);
}

TEST_CASE("requests of this very process need no link, and neither do their cancels") {
  ingress_fixture it;
  it.echo->core.life().began();
  const auto put = [&](capnp::MessageBuilder& what) {
    auto frame = wire::copy_to_frame(what);
    REQUIRE(it.door->local_requests()->put(frame));
  };
  wire::request_envelope envelope;
  envelope.begin({.service = service_name});
  envelope.stamp({.attempt = {5}, .remaining = 30s}, {});
  put(envelope.message());
  CHECK(it.local_wakes == 1);
  it.where.on_loop([&] { it.door->read_local(actor::now()); });
  REQUIRE(it.wait_for_requests(1));
  CHECK(it.waiting[0]->caller_name() == it.shared.name);
  put(short_frame(wire::cancel{{5}}));
  it.where.on_loop([&] { it.door->read_local(actor::now()); });
  CHECK(it.waiting[0]->cancelled());
  it.where.on_loop([&] { it.waiting.clear(); });
  CHECK(it.local_answers.size() == 1);
}
