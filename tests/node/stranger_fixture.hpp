// A stranger's end of a link, in raw bytes, and a node under attack with a friend that goes on calling it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>

#include <troupe/admin.troupe.hpp>
#include <troupe/transport/socket.hpp>
#include <troupe/wire/call.hpp>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/message.hpp>
#include <troupe/wire/signals.hpp>

#include "service/lab.hpp"

namespace troupe::test {

using bytes = std::vector<std::byte>;

/// Who strangers say they are.
inline wire::hello stranger() { return {.cluster = "lab", .from = {{12345}, {1}}, .name = "stranger"}; }

/// A TCP connection that speaks, or does not speak, the protocol.
class raw_peer {
 public:
  explicit raw_peer(int connected) : fd_(connected) {}
  explicit raw_peer(const endpoint& to) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = transport::to_kernel(to);
    REQUIRE(::connect(fd_.get(), address.get(), address.size) == 0);
  }
  int fd() const { return fd_.get(); }

  bool send(const bytes& what) {
    std::size_t done = 0;
    while (done < what.size()) {
      const auto put = ::send(fd_.get(), what.data() + done, what.size() - done, MSG_NOSIGNAL);
      if (put <= 0) return false;
      done += static_cast<std::size_t>(put);
    }
    return true;
  }
  void send(capnp::MessageBuilder& message) {
    bytes out;
    wire::append_frame(out, message);
    (void)send(out);
  }
  /// Anything that the codec can write.
  template <class What>
  void say(const What& what) {
    send(wire::short_frame(what));
  }
  void hello() { say(stranger()); }
  /// Says hello, and hears the welcome.
  void introduce(const wire::hello& as = stranger()) {
    say(as);
    const auto answer = hear();
    REQUIRE(answer);
    REQUIRE(wire::read_welcome(*answer));
  }

  /// Ends the connection the hard way: RST, not FIN.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_ = transport::owned_fd();
  }
  /// The next frame; empty at the end of the connection or after 10 s.
  wire::frame receive() {
    while (frames_.empty()) {
      pollfd wanted{fd_.get(), POLLIN, 0};
      if (::poll(&wanted, 1, 10'000) <= 0) return {};
      const auto space = splitter_.space();
      const auto got = ::recv(fd_.get(), space.data(), space.size(), 0);
      if (got <= 0 || !splitter_.filled(static_cast<std::size_t>(got), frames_)) return {};
    }
    auto first = std::move(frames_.front());
    frames_.erase(frames_.begin());
    return first;
  }
  /// The same, read; null where there is none.
  wire::message_ptr hear() {
    auto frame = receive();
    if (frame.words.empty()) return nullptr;
    auto read = wire::open(std::move(frame), {});
    REQUIRE(read);
    return std::move(*read);
  }
  /// Whether there is a frame that has been read from the kernel already.
  bool holds_frames() const { return !frames_.empty(); }
  /// Reads until the other side closes; false if it does not.
  bool is_closed() {
    for (int i = 0; i < 100; ++i) {
      pollfd wanted{fd_.get(), POLLIN, 0};
      if (::poll(&wanted, 1, 10'000) <= 0) return false;
      std::array<char, 4096> ignored{};
      if (::recv(fd_.get(), ignored.data(), ignored.size(), 0) <= 0) return true;
    }
    return false;
  }

 private:
  transport::owned_fd fd_;
  wire::frame_splitter splitter_{wire::frame_limits{}};
  std::vector<wire::frame> frames_;
};

/// A request to the fortress, whose parameters are still to be filled.
inline wire::idl::Request::Builder request_in(capnp::MessageBuilder& message, std::uint64_t attempt,
                                              std::uint16_t method) {
  auto request = message.initRoot<wire::idl::Frame>().initRequest();
  request.setAttemptId(attempt);
  request.setCallId(attempt);
  request.setInterfaceId(lab::BenchService::descriptor().id);
  request.setMethod(method);
  request.setRemainingMicros(20'000'000);
  request.setService("lab.Bench");
  return request;
}

/// A node under attack, and one that goes on calling it.
struct fortress {
  explicit fortress(const std::function<void(node_options&)>& change = {}) {
    auto options = lab::options_of("fortress");
    if (change) change(options);
    server = std::make_unique<node>(options);
    lab::host_bench(*server, told);
    caller = std::make_unique<node>(lab::options_of("friend", {lab::address_of(*server)}));
    REQUIRE(lab::eventually([&] { return lab::servers_known(*caller, "lab.Bench") == 1; }));
    REQUIRE(works());
  }
  bool works() const {
    const auto reply = caller->client<lab::Bench>().echo("friend").wait();
    if (!reply) MESSAGE(reply.error().explain());
    return static_cast<bool>(reply);
  }
  std::uint64_t counter(const char* name) const {
    const auto reply = server->client<admin::Admin>().links().on(server->self().node).wait();
    REQUIRE(reply);
    for (const auto each : reply->getCounters())
      if (each.getName() == name) return each.getValue();
    FAIL("no such counter");
    return 0;
  }
  std::uint64_t queued() const {
    const auto reply = server->client<admin::Admin>().links().on(server->self().node).wait();
    REQUIRE(reply);
    std::uint64_t most = 0;
    for (const auto each : reply->getLinks())
      if (each.getDirection() == "in") most = std::max(most, each.getQueuedBytes());
    return most;
  }

  std::shared_ptr<lab::notes> told = std::make_shared<lab::notes>();
  std::unique_ptr<node> server, caller;
};

}  // namespace troupe::test
