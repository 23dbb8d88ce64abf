#include <vector>

#include <troupe/transport/connector.hpp>
#include <troupe/transport/listener.hpp>

#include "transport/loop_fixture.hpp"

namespace troupe::transport {

TEST_CASE("a dialled link opens, and a refused one closes with the reason") {
  loop_fixture where;
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
    auto which = connector(where.loop(), {}).dial(listening->bound, told);
    REQUIRE(which);
    CHECK((*which)->peer() == listening->bound);
    where.on_loop([&] { (*which)->start(); });
    return std::move(*which);
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

}  // namespace troupe::transport
