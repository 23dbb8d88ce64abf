// Links, timers, listeners and UDP on a real event loop, over real sockets of this machine.
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <capnp/serialize.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <troupe/actor/clock.hpp>
#include <troupe/actor/engine.hpp>
#include <troupe/base/random.hpp>
#include <troupe/call.capnp.h>
#include <troupe/transport/datagram_socket.hpp>
#include <troupe/transport/link.hpp>
#include <troupe/transport/listener.hpp>
#include <troupe/transport/socket.hpp>
#include <troupe/transport/timer.hpp>

// unistd.h has a function `link`.
namespace troupe::transport {

namespace {

constexpr auto patience = std::chrono::seconds(20);

/// An event loop, and a way to do things on its thread.
class stage {
 public:
  stage() : engine_(1) {}
  event_loop& loop() { return engine_.loop(); }
  template <class What>
  auto on_loop(What what) {
    std::promise<decltype(what())> done;
    loop().post([&] {
      if constexpr (std::is_void_v<decltype(what())>) {
        what();
        loop().flush();
        done.set_value();
      } else {
        auto value = what();
        loop().flush();
        done.set_value(std::move(value));
      }
    });
    return done.get_future().get();
  }
  template <class Condition>
  bool eventually(Condition holds) {
    const auto limit = std::chrono::steady_clock::now() + patience;
    while (!on_loop(holds)) {
      if (std::chrono::steady_clock::now() > limit) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

 private:
  actor::engine engine_;
};

/// The owner of one link, which remembers what it was told.
struct link_witness : link::owner {
  void on_open(link&) override { ++opened; }
  void on_frames(link& which, std::vector<wire::frame>& frames) override {
    for (auto& frame : frames) {
      if (closed) ++after_close;
      received.push_back(std::move(frame));
      if (on_each) on_each(which);
    }
  }
  void on_closed(link&, const std::string& reason) override {
    if (closed) ++after_close;
    closed = true;
    why = reason;
  }
  void on_congestion(link&, congestion what) override {
    if (closed) ++after_close;
    congested.push_back(what == congestion::begins);
  }

  int opened = 0;
  int after_close = 0;
  bool closed = false;
  std::string why;
  std::vector<wire::frame> received;
  std::vector<bool> congested;
  std::function<void(link&)> on_each;
};

std::pair<owned_fd, owned_fd> connected_pair() {
  std::array<int, 2> fds{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
  return {owned_fd(fds[0]), owned_fd(fds[1])};
}

void make_exchange(capnp::MessageBuilder& message, std::size_t bytes, std::uint8_t mark) {
  auto data = message.initRoot<wire::idl::Frame>().initExchange(static_cast<capnp::uint>(bytes));
  std::memset(data.begin(), mark, data.size());
}

link::sent send_bytes(link& to, std::size_t bytes, std::uint8_t mark,
                      link::when_full policy = link::when_full::refuse) {
  capnp::MallocMessageBuilder message(static_cast<capnp::uint>(bytes / 8 + 16));
  make_exchange(message, bytes, mark);
  return to.send(message, policy);
}

/// The size of an exchange frame whose bytes are all `mark`; -1 for anything else.
long exchange_size(const wire::frame& what, std::uint8_t mark) {
  capnp::FlatArrayMessageReader reader(kj::arrayPtr(what.words.data(), what.words.size()));
  const auto root = reader.getRoot<wire::idl::Frame>();
  if (!root.isExchange()) return -1;
  for (const auto byte : root.getExchange())
    if (byte != mark) return -1;
  return static_cast<long>(root.getExchange().size());
}

/// Two links over one connection, on one loop.
struct pair_of_links {
  explicit pair_of_links(stage& on, const link_limits& limits = {}) : where(on) {
    auto [one, other] = connected_pair();
    a = std::make_unique<link>(where.loop(), std::move(one), link::phase::open, at_a, limits);
    b = std::make_unique<link>(where.loop(), std::move(other), link::phase::open, at_b, limits);
    where.on_loop([&] {
      a->start();
      b->start();
    });
  }
  ~pair_of_links() {
    where.on_loop([&] {
      if (a) a->close("the test is over");
      if (b) b->close("the test is over");
      where.loop().dispose(std::move(a));
      where.loop().dispose(std::move(b));
    });
    where.on_loop([] {});  // disposed of by now
  }

  stage& where;
  link_witness at_a, at_b;
  std::unique_ptr<link> a, b;
};

}  // namespace

TEST_CASE("frames of all sizes arrive whole and in order, whatever the kernel takes at once") {
  stage where;
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
  stage where;
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
  stage where;
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
  stage where;
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
  stage where;
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
  stage where;
  pair_of_links pair(where);
  where.on_loop([&] {
    pair.b->close("gone");
    where.loop().dispose(std::move(pair.b));
  });
  REQUIRE(where.eventually([&] { return pair.at_a.closed; }));
  auto [one, other] = connected_pair();
  pair.b = std::make_unique<link>(where.loop(), std::move(one), link::phase::open, pair.at_b, link_limits{});
  other = owned_fd();
  pair.at_b = {};
  where.on_loop([&] {
    // Not started: the write finds out, in the middle of `send`.
    (void)send_bytes(*pair.b, 9'000'000, 1);
    CHECK(pair.at_b.closed);
    (void)send_bytes(*pair.b, 9'000'000, 1);
  });
  CHECK(pair.at_b.after_close == 0);
  CHECK(pair.at_b.congested.empty());
}

TEST_CASE("bytes that are no frames close the link with a sentence") {
  stage where;
  auto [one, other] = connected_pair();
  link_witness told;
  auto which = std::make_unique<link>(where.loop(), std::move(one), link::phase::open, told, link_limits{});
  where.on_loop([&] { which->start(); });
  REQUIRE(::write(other.get(), "GET / HTTP/1.1\r\n", 16) == 16);
  REQUIRE(where.eventually([&] { return told.closed; }));
  CHECK(told.why.find("does not speak Troupe's protocol") != std::string::npos);
  where.on_loop([&] { where.loop().dispose(std::move(which)); });
  where.on_loop([] {});
}

TEST_CASE("a dialled link opens, and a refused one closes with the reason") {
  stage where;
  auto listening = listen_on(*parse_endpoint("127.0.0.1:0"));
  REQUIRE(listening);
  std::vector<owned_fd> accepted;
  listener door(
      where.loop(), std::move(listening->tcp),
      [&](owned_fd fd, endpoint from) {
        CHECK(from.is_v4());
        accepted.push_back(std::move(fd));
      },
      [] {});
  where.on_loop([&] { door.start(); });
  const auto dial = [&](link_witness& told) {
    auto connecting = begin_connect(listening->bound);
    REQUIRE(connecting);
    auto which = std::make_unique<link>(where.loop(), std::move(*connecting), link::phase::dialling, told,
                                        link_limits{});
    where.on_loop([&] { which->start(); });
    return which;
  };
  link_witness welcome;
  auto open = dial(welcome);
  REQUIRE(where.eventually([&] { return welcome.opened == 1 && accepted.size() == 1; }));
  CHECK(where.on_loop([&] { return send_bytes(*open, 100, 1); }) == link::sent::yes);

  where.on_loop([&] {
    accepted.clear();
    door.stop();
  });
  REQUIRE(where.eventually([&] { return welcome.closed; }));
  // The port is bound to nobody any more: owned by `door` until it goes.
  where.on_loop([&] { ::shutdown(door.fd(), SHUT_RDWR); });
  link_witness refused;
  auto nowhere = dial(refused);
  REQUIRE(where.eventually([&] { return refused.closed; }));
  CHECK(refused.opened == 0);
  CHECK(refused.why == "Connection refused");
  where.on_loop([&] {
    where.loop().dispose(std::move(open));
    where.loop().dispose(std::move(nowhere));
  });
  where.on_loop([] {});
}

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

TEST_CASE("a timer rings once, in time, and by the earliest of what it was armed for") {
  stage where;
  std::vector<time_point> rung;
  timer alarm(where.loop(), [&] { rung.push_back(actor::now()); });
  const auto began = actor::now();
  where.on_loop([&] {
    alarm.start();
    alarm.ring_by(never);
    alarm.ring_by(began + 1h);
    alarm.ring_by(began + 30ms);
    alarm.ring_by(began + 40ms);
  });
  REQUIRE(where.eventually([&] { return rung.size() == 1; }));
  CHECK(rung[0] - began >= 30ms);
  where.on_loop([&] { alarm.ring_by(time_point{} - 5s); });
  REQUIRE(where.eventually([&] { return rung.size() == 2; }));
  where.on_loop([&] {
    alarm.stop();
    alarm.ring_by(began);
  });
  where.on_loop([] {});
  CHECK(rung.size() == 2);
}

TEST_CASE("a UDP socket carries packets, drops oversized ones, and survives whatever a peer does") {
  stage where;
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

TEST_CASE("a listener without file descriptors turns callers away instead of spinning") {
  // In a process of its own: the limit is everybody's.
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(30);
    // Always by _exit: a way out that fails leaves the loop as it is.
    stage where;
    auto listening = listen_on(*parse_endpoint("127.0.0.1:0"));
    if (!listening) ::_exit(10);
    std::atomic<int> taken{0};
    std::atomic<int> away{0};
    std::vector<owned_fd> kept;
    listener door(
        where.loop(), std::move(listening->tcp),
        [&](owned_fd fd, endpoint) {
          kept.push_back(std::move(fd));
          ++taken;
        },
        [&] { ++away; });
    where.on_loop([&] { door.start(); });
    const auto address = to_kernel(listening->bound);
    std::vector<owned_fd> callers;
    for (int i = 0; i < 3; ++i) callers.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
    if (::connect(callers[0].get(), address.get(), address.size) != 0) ::_exit(11);
    while (taken == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = static_cast<rlim_t>(kept[0].get()) + 1;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(12);
    // Fill the holes below the limit.
    std::vector<owned_fd> holes;
    for (int fd = ::dup(kept[0].get()); fd >= 0; fd = ::dup(kept[0].get())) holes.emplace_back(fd);
    for (int i = 1; i < 3; ++i)
      if (::connect(callers[static_cast<std::size_t>(i)].get(), address.get(), address.size) != 0)
        ::_exit(13);
    while (away < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    char byte = 0;
    if (::recv(callers[1].get(), &byte, 1, 0) > 0) ::_exit(14);
    if (away != 2 || taken != 1) ::_exit(15);
    // With descriptors again, it takes callers again.
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(17);
    owned_fd late(::socket(AF_INET, SOCK_STREAM, 0));
    if (::connect(late.get(), address.get(), address.size) != 0) ::_exit(16);
    while (taken < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    where.on_loop([&] { door.stop(); });
    where.on_loop([] {});
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

}  // namespace troupe::transport
