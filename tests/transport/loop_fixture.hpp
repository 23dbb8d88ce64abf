// An event loop to run links on, witnesses of what they tell, and pairs of links over one connection.
#pragma once

#include <array>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <capnp/serialize.h>
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <troupe/actor/engine.hpp>
#include <troupe/call.capnp.h>
#include <troupe/transport/connector.hpp>
#include <troupe/transport/link.hpp>
#include <troupe/transport/socket.hpp>

// In the room's namespace, as unistd.h has a function `link`.
namespace troupe::transport {

constexpr auto patience = std::chrono::seconds(20);

/// An event loop, and a way to do things on its thread.
class loop_fixture {
 public:
  loop_fixture() : engine_(1) {}
  actor::engine& engine() { return engine_; }
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

inline std::pair<owned_fd, owned_fd> connected_pair() {
  std::array<int, 2> fds{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) == 0);
  return {owned_fd(fds[0]), owned_fd(fds[1])};
}

inline void make_exchange(capnp::MessageBuilder& message, std::size_t bytes, std::uint8_t mark) {
  auto data = message.initRoot<wire::idl::Frame>().initExchange(static_cast<capnp::uint>(bytes));
  std::memset(data.begin(), mark, data.size());
}

inline link::sent send_bytes(link& to, std::size_t bytes, std::uint8_t mark,
                             link::when_full policy = link::when_full::refuse) {
  capnp::MallocMessageBuilder message(static_cast<capnp::uint>(bytes / 8 + 16));
  make_exchange(message, bytes, mark);
  return to.send(message, policy);
}

/// The size of an exchange frame whose bytes are all `mark`; -1 for anything else.
inline long exchange_size(const wire::frame& what, std::uint8_t mark) {
  capnp::FlatArrayMessageReader reader(kj::arrayPtr(what.words.data(), what.words.size()));
  const auto root = reader.getRoot<wire::idl::Frame>();
  if (!root.isExchange()) return -1;
  for (const auto byte : root.getExchange())
    if (byte != mark) return -1;
  return static_cast<long>(root.getExchange().size());
}

/// Two links over one connection, on one loop.
struct pair_of_links {
  explicit pair_of_links(loop_fixture& on, const link_limits& limits = {},
                         connector::connection_factory make = connector::make_tcp_connection)
      : where(on) {
    const connector both(where.loop(), limits, std::move(make));
    auto [one, other] = connected_pair();
    a = both.adopt(std::move(one), {}, at_a);
    b = both.adopt(std::move(other), {}, at_b);
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

  loop_fixture& where;
  link_witness at_a, at_b;
  std::unique_ptr<link> a, b;
};

}  // namespace troupe::transport
