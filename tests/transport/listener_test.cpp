#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <troupe/transport/listener.hpp>

#include "transport/loop_fixture.hpp"

namespace troupe::transport {

TEST_CASE("a listener without file descriptors turns callers away instead of spinning") {
  // In a process of its own: the limit is everybody's.
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(30);
    // Always by _exit: a way out that fails leaves the loop as it is.
    loop_fixture where;
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
