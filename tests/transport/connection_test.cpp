// That a link needs nothing of a connection but what connection.hpp says: over one that gives and takes a
// byte at a time, and over one that encrypts, after a handshake, and holds bytes of its own.
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include <troupe/transport/connection.hpp>
#include <troupe/transport/tcp_connection.hpp>

#include "transport/loop_fixture.hpp"

namespace troupe::transport {

namespace {

using status = io_result::status;

/// One byte a call, and every other call in vain.
class byte_by_byte final : public connection {
 public:
  explicit byte_by_byte(int fd) : below_(fd, tcp_connection::state::connected) {}

  io_result establish() override { return below_.establish(); }
  io_result read(std::span<std::byte> into) override {
    return std::exchange(read_now_, !read_now_) ? below_.read(into.first(1)) : io_result{status::want_read};
  }
  io_result write(std::span<const iovec> pieces) override {
    if (!std::exchange(write_now_, !write_now_)) return {status::want_write};
    const auto first =
        std::find_if(pieces.begin(), pieces.end(), [](const auto& one) { return one.iov_len > 0; });
    if (first == pieces.end()) return {};
    const iovec byte{first->iov_base, 1};
    return below_.write({&byte, 1});
  }
  std::string problem() const override { return below_.problem(); }

 private:
  tcp_connection below_;
  bool read_now_ = false, write_now_ = false;
};

/// Both sides tell each other one byte, by which all that follows is changed. Reads more than it gives out.
class toy_cipher final : public connection {
 public:
  toy_cipher(int fd, std::byte own) : below_(fd, tcp_connection::state::connected), own_(own) {}

  io_result establish() override {
    if (!told_) {
      const iovec word{&own_, 1};
      const auto put = below_.write({&word, 1});
      if (put.outcome != status::ok) return put;
      told_ = true;
    }
    return below_.read({&other_, 1});
  }
  io_result read(std::span<std::byte> into) override {
    if (!holds_bytes()) {
      const auto got = below_.read(held_);
      if (got.outcome != status::ok) return got;
      for (auto& each : std::span(held_).first(got.bytes)) each ^= other_;
      first_ = 0;
      last_ = got.bytes;
    }
    const auto given = std::min({into.size(), last_ - first_, std::size_t{1500}});
    std::copy_n(held_.begin() + static_cast<std::ptrdiff_t>(first_), given, into.begin());
    first_ += given;
    return {status::ok, given};
  }
  io_result write(std::span<const iovec> pieces) override {
    std::vector<std::byte> changed;
    for (const auto& piece : pieces) {
      const std::span bytes(static_cast<const std::byte*>(piece.iov_base), piece.iov_len);
      for (const auto each : bytes) changed.push_back(each ^ own_);
    }
    const iovec all{changed.data(), changed.size()};
    return below_.write({&all, 1});
  }
  bool holds_bytes() const override { return first_ < last_; }
  std::string problem() const override { return below_.problem(); }

 private:
  tcp_connection below_;
  std::byte own_, other_{};
  bool told_ = false;
  std::array<std::byte, 16384> held_{};
  std::size_t first_ = 0, last_ = 0;
};

connector::connection_factory toy_ciphers() {
  return [](int fd, side) { return std::make_unique<toy_cipher>(fd, std::byte(0x55 + fd)); };
}

/// Before it writes at all it must read a byte, and before it reads, write one: as TLS may, in the middle of
/// a connection.
class crossed final : public connection {
 public:
  explicit crossed(int fd) : below_(fd, tcp_connection::state::connected) {}

  io_result establish() override { return below_.establish(); }
  io_result read(std::span<std::byte> into) override {
    if (!std::exchange(wrote_, true)) return {status::want_write};
    return below_.read(into);
  }
  io_result write(std::span<const iovec> pieces) override {
    if (!allowed_) {
      std::byte permission{};
      const auto got = below_.read({&permission, 1});
      if (got.outcome != status::ok) return got;
      allowed_ = true;
    }
    return below_.write(pieces);
  }
  std::string problem() const override { return below_.problem(); }

 private:
  tcp_connection below_;
  bool wrote_ = false, allowed_ = false;
};

bool readable(int fd) {
  pollfd asked{fd, POLLIN, 0};
  return ::poll(&asked, 1, 0) == 1;
}

}  // namespace

TEST_CASE("frames arrive whole over a connection that gives and takes a byte at a time") {
  loop_fixture where;
  pair_of_links pair(where, {}, [](int fd, side) { return std::make_unique<byte_by_byte>(fd); });
  const std::vector<std::size_t> sizes = {1, 700, 9, 40'000};
  where.on_loop([&] {
    for (const auto size : sizes) CHECK(send_bytes(*pair.a, size, 3) == link::sent::yes);
    CHECK(send_bytes(*pair.b, 60, 4) == link::sent::yes);
  });
  REQUIRE(where.eventually(
      [&] { return pair.at_b.received.size() == sizes.size() && pair.at_a.received.size() == 1; }));
  for (std::size_t i = 0; i < sizes.size(); ++i)
    CHECK(exchange_size(pair.at_b.received[i], 3) == static_cast<long>(sizes[i]));
  CHECK(exchange_size(pair.at_a.received[0], 4) == 60);
  CHECK(where.on_loop([&] { return pair.a->queued_bytes(); }) == 0);
}

TEST_CASE("frames of all sizes arrive whole over a connection that encrypts") {
  loop_fixture where;
  pair_of_links pair(where, {}, toy_ciphers());
  REQUIRE(where.eventually([&] { return pair.at_a.opened == 1 && pair.at_b.opened == 1; }));
  const std::vector<std::size_t> sizes = {1, 100, 40'000, 7, 300'000, 3, 2'000'000, 50'000, 9};
  where.on_loop([&] {
    for (std::size_t i = 0; i < sizes.size(); ++i)
      CHECK(send_bytes(*pair.a, sizes[i], static_cast<std::uint8_t>(i + 1)) == link::sent::yes);
  });
  REQUIRE(where.eventually([&] { return pair.at_b.received.size() == sizes.size(); }));
  for (std::size_t i = 0; i < sizes.size(); ++i)
    CHECK(exchange_size(pair.at_b.received[i], static_cast<std::uint8_t>(i + 1)) ==
          static_cast<long>(sizes[i]));
}

TEST_CASE("a link sends nothing before its connection is established") {
  loop_fixture where;
  auto [one, other] = connected_pair();
  link_witness told;
  auto which = connector(where.loop(), {}, toy_ciphers()).adopt(std::move(one), {}, told);
  where.on_loop([&] { which->start(); });
  CHECK(where.on_loop([&] { return send_bytes(*which, 10, 1); }) == link::sent::closed);
  CHECK(told.opened == 0);
  const char word = 7;
  REQUIRE(::write(other.get(), &word, 1) == 1);
  REQUIRE(where.eventually([&] { return told.opened == 1; }));
  CHECK(where.on_loop([&] { return send_bytes(*which, 10, 1); }) == link::sent::yes);
  where.on_loop([&] {
    which->close("the test is over");
    where.loop().dispose(std::move(which));
  });
  where.on_loop([] {});
}

TEST_CASE("a handshake that fails closes the link before it opens") {
  loop_fixture where;
  auto [one, other] = connected_pair();
  link_witness told;
  auto which = connector(where.loop(), {}, toy_ciphers()).adopt(std::move(one), {}, told);
  where.on_loop([&] { which->start(); });
  other = owned_fd();
  REQUIRE(where.eventually([&] { return told.closed; }));
  CHECK(told.opened == 0);
  where.on_loop([&] { where.loop().dispose(std::move(which)); });
  where.on_loop([] {});
}

TEST_CASE("what a connection holds is read when a paused link reads again") {
  loop_fixture where;
  pair_of_links pair(where, {}, toy_ciphers());
  REQUIRE(where.eventually([&] { return pair.at_a.opened == 1 && pair.at_b.opened == 1; }));
  pair.at_b.on_each = [](link& which) { which.pause_reading(); };
  where.on_loop([&] {
    for (int i = 0; i < 10; ++i) CHECK(send_bytes(*pair.a, 1000, 5) == link::sent::yes);
  });
  REQUIRE(where.eventually([&] { return !pair.at_b.received.empty(); }));
  CHECK(pair.at_b.received.size() < 10);
  // No byte comes from the network any more: what is missing is in the connection.
  pair.at_b.on_each = nullptr;
  where.on_loop([&] { pair.b->resume_reading(); });
  CHECK(where.eventually([&] { return pair.at_b.received.size() == 10; }));
}

TEST_CASE("a write may wait for a byte to read, and a read for room to write") {
  loop_fixture where;
  auto [one, other] = connected_pair();
  link_witness told;
  auto which = connector(where.loop(), {}, [](int fd, side) {
                 return std::make_unique<crossed>(fd);
               }).adopt(std::move(one), {}, told);
  where.on_loop([&] { which->start(); });
  CHECK(where.on_loop([&] { return send_bytes(*which, 10, 1); }) == link::sent::yes);
  CHECK(where.on_loop([&] { return which->queued_bytes(); }) > 0);
  CHECK_FALSE(readable(other.get()));
  const char permission = 1;
  REQUIRE(::write(other.get(), &permission, 1) == 1);
  REQUIRE(where.eventually([&] { return which->queued_bytes() == 0; }));
  CHECK(readable(other.get()));
  // What follows the permission is frames.
  capnp::MallocMessageBuilder message;
  make_exchange(message, 30, 2);
  std::vector<std::byte> bytes;
  wire::append_frame(bytes, message);
  REQUIRE(::write(other.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  CHECK(where.eventually([&] { return told.received.size() == 1; }));
  where.on_loop([&] {
    which->close("the test is over");
    where.loop().dispose(std::move(which));
  });
  where.on_loop([] {});
}

}  // namespace troupe::transport
