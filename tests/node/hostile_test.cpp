// What strangers may do to a node: nothing that others notice. Raw sockets against real nodes.
#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <poll.h>

#include <troupe/base/random.hpp>
#include <troupe/wire/gossip.hpp>

#include "node/stranger_fixture.hpp"

using namespace troupe;
using lab::eventually;
using test::bytes;
using test::fortress;
using test::raw_peer;
using test::request_in;

namespace {

bytes header(std::uint32_t words) {
  bytes out(8);
  std::memcpy(out.data(), &words, 4);
  std::memcpy(out.data() + 4, &wire::frame_magic, 4);
  return out;
}

}  // namespace

TEST_CASE("random bytes, and frames of random bytes, close their own link only") {
  fortress under;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    random_source random(seed);
    raw_peer peer(under.server->address());
    if (seed % 3 > 0) peer.hello();
    bytes noise(8 * (1 + random.below(200)));
    for (auto& byte : noise) byte = static_cast<std::byte>(random());
    if (seed % 3 > 0) {
      const auto head = header(static_cast<std::uint32_t>(noise.size() / 8));
      noise.insert(noise.begin(), head.begin(), head.end());
    }
    (void)peer.send(noise);
    if (seed % 10 == 0) CHECK(under.works());
  }
  CHECK(under.works());
  CHECK(eventually([&] { return under.counter("links_closed") >= 60; }));
  CHECK(under.counter("bad_frames") > 0);
}

TEST_CASE("mutated requests are answered or refused, and never end the node") {
  fortress under;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    random_source random(seed);
    raw_peer peer(under.server->address());
    peer.hello();
    capnp::MallocMessageBuilder message;
    auto request = request_in(message, seed, static_cast<std::uint16_t>(random.below(14)));
    auto metadata = request.initMetadata(2);
    metadata[0].setKey("tenant");
    request.getParams().initAs<lab::Bench::EchoParams>().setText("a text of some length");
    bytes out;
    wire::append_frame(out, message);
    const auto flips = 1 + random.below(4);
    for (std::uint32_t i = 0; i < flips; ++i)
      out[8 + random.below(static_cast<std::uint32_t>(out.size() - 8))] = static_cast<std::byte>(random());
    (void)peer.send(out);
    if (seed % 50 == 0) CHECK(under.works());
  }
  under.told->release = true;
  CHECK(under.works());
}

TEST_CASE("a service name that cannot be read closes the link, with requests of that link under way") {
  fortress under;
  raw_peer peer(under.server->address());
  peer.hello();
  capnp::MallocMessageBuilder held;
  request_in(held, 1, 4).getParams().initAs<lab::Bench::HoldParams>();
  peer.send(held);
  REQUIRE(eventually([&] { return under.told->executed >= 1 && !under.told->last_node().empty(); }));
  capnp::MallocMessageBuilder message;
  (void)request_in(message, 2, 0);
  bytes out;
  wire::append_frame(out, message);
  // The pointer to the service's name, led out of the message.
  constexpr std::string_view text = "lab.Bench";
  for (std::size_t at = 16; at + 8 <= out.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, out.data() + at, 8);
    // A list pointer to ten bytes: "lab.Bench" and its end.
    if ((word & 3) == 1 && (word >> 32) == ((std::uint64_t{text.size() + 1} << 3) | 2)) {
      word = (word & 0xffffffff00000000ull) | 0x7ffffff1u;
      std::memcpy(out.data() + at, &word, 8);
    }
  }
  REQUIRE(peer.send(out));
  (void)peer.receive();  // welcome
  CHECK(peer.is_closed());
  CHECK(eventually([&] { return under.told->cancelled == 1; }));
  CHECK(under.works());
}

TEST_CASE("claims cost nothing: frames of 2^31 words, over the limit, and truncated ones") {
  fortress under;
  for (const std::uint32_t words : {1u << 31, (8u << 20) + 1, 0u}) {
    raw_peer peer(under.server->address());
    REQUIRE(peer.send(header(words)));
    CHECK(peer.is_closed());
  }
  std::vector<std::unique_ptr<raw_peer>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<raw_peer>(under.server->address()));
    slow.back()->hello();
    auto claim = header(8u << 20);
    claim.resize(100);
    REQUIRE(slow.back()->send(claim));
  }
  CHECK(under.works());
  slow.clear();
  CHECK(under.works());
}

TEST_CASE("who does not introduce itself properly is told why, and turned away") {
  fortress under([](auto& options) { options.server.hello_within = 200ms; });
  {
    raw_peer peer(under.server->address());
    auto foreign = test::stranger();
    foreign.cluster = "elsewhere";
    peer.say(foreign);
    const auto answer = peer.hear();
    REQUIRE(answer);
    REQUIRE(answer->kind() == wire::frame_kind::refusal);
    const auto refused = wire::read_welcome(*answer);
    CHECK(refused.error().code == code::permission_denied);
    CHECK(refused.error().text.find("cluster 'lab', the caller to 'elsewhere'") != std::string::npos);
    CHECK(peer.is_closed());
  }
  {
    raw_peer peer(under.server->address());
    auto newer = test::stranger();
    newer.version = 99;
    peer.say(newer);
    const auto answer = peer.hear();
    REQUIRE(answer);
    REQUIRE(answer->kind() == wire::frame_kind::refusal);
    const auto refused = wire::read_welcome(*answer);
    CHECK(refused.error().code == code::failed_precondition);
    CHECK(refused.error().text.find("version 99: bring node fortress to the release") != std::string::npos);
    CHECK(peer.is_closed());
  }
  CHECK(under.counter("hellos_refused") == 2);
  const auto before = under.told->executed.load();
  raw_peer early(under.server->address());
  capnp::MallocMessageBuilder message;
  request_in(message, 1, 0).getParams().initAs<lab::Bench::EchoParams>();
  early.send(message);
  CHECK(early.is_closed());
  CHECK(under.told->executed == before);
  CHECK(under.counter("bad_frames") == 1);
  raw_peer mute(under.server->address());
  CHECK(mute.is_closed());
  CHECK(under.works());
}

TEST_CASE("a long hello is not even answered, also when its sender is gone at once") {
  fortress under;
  auto endless = test::stranger();
  endless.cluster = std::string(64 << 10, 'x');
  {
    raw_peer peer(under.server->address());
    peer.say(endless);
    CHECK(peer.is_closed());
  }
  for (int i = 0; i < 20; ++i) {
    raw_peer peer(under.server->address());
    peer.say(endless);
    peer.reset();
  }
  CHECK(eventually([&] { return under.counter("bad_frames") >= 1; }));
  CHECK(under.works());
}

TEST_CASE("a reply tells how many of the requests in flight came by its own link") {
  fortress it;
  const auto hold = [](raw_peer& by, std::uint64_t attempt) {
    capnp::MallocMessageBuilder message;
    request_in(message, attempt, 4).initParams().initAs<lab::Bench::HoldParams>();
    by.send(message);
  };
  raw_peer one(it.server->address());
  raw_peer other(it.server->address());
  for (auto* each : {&one, &other}) each->introduce();
  hold(one, 1);
  hold(one, 2);
  hold(other, 1);
  REQUIRE(eventually([&] { return it.told->executed >= 4; }));  // with the echo that proved that it works
  capnp::MallocMessageBuilder message;
  request_in(message, 3, 0).initParams().initAs<lab::Bench::EchoParams>().setText("x");
  one.send(message);
  const auto reply = one.hear();
  REQUIRE(reply);
  const auto load = wire::read_reply(*reply).value().load;
  CHECK(load.in_flight == 4);
  CHECK(load.yours == 3);
  CHECK_FALSE(load.has(rpc::load_flag::overloaded));
  it.told->release = true;
}

TEST_CASE(
    "a request that meets as many others as it was told to goes back unexecuted, with the load it met") {
  fortress it;
  raw_peer caller(it.server->address());
  caller.introduce();
  const auto send = [&](std::uint64_t attempt, std::uint16_t method, std::uint32_t bounce_at) {
    capnp::MallocMessageBuilder message;
    auto request = request_in(message, attempt, method);
    if (method == 5)
      request.initParams().initAs<lab::Bench::BlockParams>().setMillis(lab::bench::until_released);
    request.setBounceAt(bounce_at);
    caller.send(message);
  };
  const auto bounces = [&](std::uint64_t attempt) {
    const auto answer = caller.hear();
    REQUIRE(answer);
    const auto reply = wire::read_reply(*answer).value();
    CHECK(reply.attempt.value == attempt);
    if (!reply.failed) return false;
    CHECK(reply.failed->how == wire::ending::bounced);
    CHECK(reply.failed->advice == rpc::advice::may_retry);
    CHECK_FALSE(reply.load.has(rpc::load_flag::overloaded));
    CHECK(reply.load.in_flight == 2);
    CHECK(reply.load.yours == 2);
    return true;
  };
  SUBCASE("where they wait for their turn") {
    send(1, 5, 1);  // nobody is there yet
    REQUIRE(eventually([&] { return it.told->inside == 1; }));
    send(2, 0, 3);
    send(3, 0, 2);
    CHECK(bounces(3));
    it.told->release = true;
    CHECK_FALSE(bounces(1));
    CHECK_FALSE(bounces(2));
  }
  SUBCASE("but not where their handlers are suspended and keep nobody waiting") {
    const int before = it.told->executed;
    for (std::uint64_t attempt = 1; attempt <= 3; ++attempt) {
      send(attempt, 4, 1);
      REQUIRE(eventually([&] { return it.told->executed == before + static_cast<int>(attempt); }));
    }
    it.told->release = true;
  }
}

TEST_CASE("a query for the load is answered at once, also while the service is blocked") {
  fortress it;
  const auto ask = [](raw_peer& by, const char* service) { by.say(wire::load_query{service}); };
  const auto answer = [&](raw_peer& to) {
    const auto message = to.hear();
    REQUIRE(message);
    REQUIRE(message->kind() == wire::frame_kind::load_answer);
    const auto said = wire::read_load_answer(*message).value();
    CHECK(said.service == "lab.Bench");
    return said.load;
  };
  raw_peer one(it.server->address());
  raw_peer other(it.server->address());
  for (auto* each : {&one, &other}) each->introduce();
  capnp::MallocMessageBuilder message;
  for (const std::uint64_t attempt : {1, 2, 3}) {
    request_in(message, attempt, 5).initParams().initAs<lab::Bench::BlockParams>().setMillis(~0u);
    (attempt == 3 ? other : one).send(message);
  }
  REQUIRE(eventually([&] { return it.told->inside == 1; }));
  // A link's frames are read in order, so those who sent requests before have them counted.
  ask(other, "lab.Bench");
  (void)answer(other);
  ask(one, "lab.Nothing");
  ask(one, "lab.Bench");
  const auto busy = answer(one);  // nothing for the service that is not there
  CHECK(busy.in_flight == 3);
  CHECK(busy.yours == 2);
  CHECK(busy.workers == 1);
  CHECK(busy.limit == 1024);
  CHECK(eventually([&] {
    ask(one, "lab.Bench");
    return answer(one).service_time > busy.service_time + 20ms;  // as the one that blocks takes
  }));
  it.told->release = true;
  CHECK(it.counter("load_queries") >= 4);
}

TEST_CASE("a router asks its replicas for their load over its links, and hears") {
  const auto told = std::make_shared<lab::notes>();
  node one(lab::options_of("one"));
  lab::host_bench(one, told);
  node two(lab::options_of("two", {lab::address_of(one)}));
  lab::host_bench(two, told);
  node caller(lab::options_of("caller", {lab::address_of(one)}));
  REQUIRE(eventually([&] { return lab::servers_known(caller, "lab.Bench") == 2; }));
  const auto counter = [](node& of, const char* name) -> std::uint64_t {
    const auto reply = of.client<admin::Admin>().links().on(of.self().node).wait();
    REQUIRE(reply);
    for (const auto each : reply->getCounters())
      if (each.getName() == name) return each.getValue();
    return 0;
  };
  CHECK(eventually([&] {
    REQUIRE(caller.client<lab::Bench>().echo("x").wait());
    return counter(caller, "probes_answered") >= 5;
  }));
  CHECK(counter(caller, "probes") >= counter(caller, "probes_answered"));
  CHECK(counter(one, "load_queries") + counter(two, "load_queries") >= 5);
}

TEST_CASE("a link is good for one sync, and what is no message of one closes it") {
  fortress under;
  membership::sync_message opening;
  opening.kind = membership::sync_kind::open;
  opening.bits = 4;
  opening.covered = {0};
  const auto good = wire::encode(opening, wire::cluster_hash(under.server->cluster()));
  opening.bits = 99;
  const auto bad = wire::encode(opening, wire::cluster_hash(under.server->cluster()));
  const auto say = [](raw_peer& peer, const bytes& message) { peer.send(wire::exchange_frame(message)); };
  SUBCASE("rubbish") {
    raw_peer peer(under.server->address());
    peer.introduce();
    say(peer, {});
    CHECK(peer.is_closed());
  }
  SUBCASE("a message out of its bounds") {
    raw_peer peer(under.server->address());
    peer.introduce();
    say(peer, bad);
    CHECK(peer.is_closed());
  }
  SUBCASE("two at once") {
    raw_peer peer(under.server->address());
    peer.introduce();
    say(peer, good);
    say(peer, good);
    CHECK(peer.is_closed());
  }
  SUBCASE("one after the other") {
    raw_peer peer(under.server->address());
    peer.introduce();
    say(peer, good);
    REQUIRE_FALSE(peer.receive().words.empty());
    say(peer, good);
    CHECK(peer.is_closed());
  }
  CHECK(under.counter("bad_frames") == 1);
  CHECK(under.works());
}

TEST_CASE("nesting beyond the limit is the request's own failure") {
  fortress under;
  raw_peer peer(under.server->address());
  peer.hello();
  capnp::MallocMessageBuilder message;
  auto tree = request_in(message, 7, 9).getParams().initAs<lab::Bench::WalkParams>().initTree();
  for (int i = 0; i < 10'000; ++i) tree = tree.initChild();
  peer.send(message);
  (void)peer.receive();  // welcome
  const auto answer = peer.hear();
  REQUIRE(answer);
  const auto reply = wire::read_reply(*answer).value();
  CHECK(reply.attempt.value == 7);
  REQUIRE(reply.failed);
  CHECK(reply.failed->code == code::internal);
  CHECK(under.works());
}

TEST_CASE("UDP rubbish is counted and ignored") {
  fortress under;
  const transport::owned_fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto to = transport::to_kernel(under.server->address());
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    random_source random(seed);
    bytes noise(random.below(1500));
    for (auto& byte : noise) byte = static_cast<std::byte>(random());
    if (seed % 3 == 0) noise = wire::encode(membership::packet{}, wire::cluster_hash("elsewhere"));
    (void)::sendto(fd.get(), noise.data(), noise.size(), 0, to.get(), to.size);
    if (seed % 20 == 0) std::this_thread::sleep_for(1ms);
  }
  CHECK(eventually([&] {
    return under.counter("gossip_bad_packets") > 50 && under.counter("gossip_foreign_packets") > 25;
  }));
  CHECK(under.works());
  CHECK(under.server->members().size() == 2);
}

TEST_CASE("a caller that never reads its answers is not read from either, and costs a bounded amount") {
  constexpr std::size_t high_water = 1u << 20;
  constexpr std::size_t answer_bytes = 200'000;
  constexpr std::size_t in_flight = 16;
  fortress under([](auto& options) {
    options.links.high_water = high_water;
    options.links.low_water = high_water / 4;
  });
  raw_peer peer(under.server->address());
  peer.hello();
  std::atomic<bool> over{false};
  std::thread greedy([&] {
    for (std::uint64_t i = 1; i <= 2000 && !over; ++i) {
      capnp::MallocMessageBuilder message;
      request_in(message, i, 11).getParams().initAs<lab::Bench::BulkParams>().setBytes(answer_bytes);
      bytes out;
      wire::append_frame(out, message);
      // In portions, as the kernel would take hundreds at once before anybody says no.
      if (!peer.send(out)) return;
      if (i % in_flight == 0) std::this_thread::sleep_for(20ms);
    }
  });
  REQUIRE(eventually([&] { return under.queued() > high_water; }));
  std::uint64_t most = 0;
  for (int i = 0; i < 100; ++i) {
    most = std::max(most, under.queued());
    std::this_thread::sleep_for(5ms);
  }
  CHECK(under.works());
  over = true;
  greedy.join();
  MESSAGE("at most " << most << " bytes were queued");
  // The mark, and the answers to what one reading turn brought: four reads of 64 KiB, 144 bytes a request.
  CHECK(most < high_water + 4 * (std::size_t{64} << 10) / 144 * (answer_bytes + 100));
  CHECK(under.told->executed < 2000);
}

TEST_CASE("a replica that accepts and then says nothing is noticed, and its calls are answered elsewhere") {
  fortress under;
  auto listening = transport::listen_on(*parse_endpoint("127.0.0.1:0"));
  REQUIRE(listening);
  const identity self{node_id_of("lab", "statue"), epoch{77}};
  std::atomic<bool> over{false};
  std::atomic<int> swallowed{0};
  // It says welcome, and nothing ever after.
  std::thread statue([&] {
    std::vector<std::unique_ptr<raw_peer>> kept;
    while (!over) {
      pollfd wanted{listening->tcp.get(), POLLIN, 0};
      if (::poll(&wanted, 1, 20) <= 0) continue;
      const int fd = ::accept4(listening->tcp.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      kept.push_back(std::make_unique<raw_peer>(fd));
      (void)kept.back()->receive();
      kept.back()->say(wire::welcome{.from = self});
      ++swallowed;
    }
  });
  // Make the caller believe in it.
  membership::update claim;
  claim.subject = self;
  claim.incarnation = 1;
  claim.mode = membership::mode::ready;
  claim.who = membership::make_attributes("statue", listening->bound);
  claim.registration_version = 1;
  claim.document = std::make_shared<const membership::registration>(
      membership::registration{1, "", {{"lab.Bench", lab::BenchService::descriptor().id, 100}}});
  membership::packet rumour;
  rumour.from = self;
  rumour.from_address = listening->bound;
  rumour.updates = {claim};
  const auto packet = wire::encode(rumour, wire::cluster_hash("lab"));
  const auto to = transport::to_kernel(under.caller->address());
  (void)::sendto(listening->udp.get(), packet.data(), packet.size(), 0, to.get(), to.size);
  CHECK(eventually([&] { return lab::servers_known(*under.caller, "lab.Bench") == 2; }));
  CHECK(eventually([&] { return swallowed > 0; }));
  int failed = 0;
  duration longest{0};
  const auto bench = under.caller->client<lab::Bench>();
  const auto end = std::chrono::steady_clock::now() + 3s;
  while (std::chrono::steady_clock::now() < end) {
    const auto began = std::chrono::steady_clock::now();
    failed += bench.echo("x").wait() ? 0 : 1;
    longest = std::max<duration>(longest, std::chrono::steady_clock::now() - began);
  }
  CHECK(failed == 0);
  // Interval, patience and checks make 750 ms; the rest is for a busy machine.
  CHECK(longest < 5s);
  over = true;
  statue.join();
}
