#include "partition/private_network.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

namespace troupe::test {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

/// A new network, with nothing in it.
transport::owned_fd make_network() {
  int fd = -1;
  std::string problem;
  // Only a thread that is about to end may move: whoever calls stays where it is.
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) == 0) fd = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (fd < 0) problem = std::strerror(errno);
  }).join();
  if (fd < 0) throw std::runtime_error("a network namespace cannot be made: " + problem);
  return transport::owned_fd(fd);
}

std::string port_of(std::size_t host) { return "port" + std::to_string(host); }

/// What a packet's fate is decided by: four instructions of classic BPF. A random word below the threshold is
/// TC_ACT_SHOT (2), every other one TC_ACT_OK (0).
std::string program_losing(double share) {
  if (share >= 1) return "'1,6 0 0 2'";
  const auto random_word = std::to_string(0xfffff000u + 56);  // SKF_AD_OFF + SKF_AD_RANDOM
  const auto threshold = std::to_string(static_cast<std::uint32_t>(share * 4294967295.0));
  return "'4,32 0 0 " + random_word + ",53 0 1 " + threshold + ",6 0 0 0,6 0 0 2'";
}

}  // namespace

std::optional<std::string> private_network::obstacle() {
  try {
    const private_network tried(1);
    tried.lose(0, way::to_host, .5);
    return std::nullopt;
  } catch (const std::runtime_error& problem) {
    return problem.what();
  }
}

private_network::private_network(std::size_t hosts) : switches_(make_network()) { build(hosts); }

void private_network::enter(int network) {
  if (::setns(network, CLONE_NEWNET) != 0) fail("setns");
}

void private_network::run(int network, const std::string& command) const {
  std::string problem;
  std::thread([&] {
    try {
      enter(network);
      if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) problem = "this fails: " + command;
    } catch (const std::runtime_error& thrown) {
      problem = thrown.what();
    }
  }).join();
  if (!problem.empty()) throw std::runtime_error(problem);
}

void private_network::build(std::size_t hosts) {
  run(switches_.get(),
      "ip link add near type bridge && ip link add far type bridge && ip link set near up && ip link set far "
      "up");
  for (std::size_t i = 0; i < hosts; ++i) {
    hosts_.push_back(make_network());
    const auto where = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(hosts_[i].get());
    const auto port = port_of(i);
    run(switches_.get(), "ip link add " + port + " type veth peer name cable netns " + where +
                             " && ip link set " + port + " master near && ip link set " + port +
                             " up && tc qdisc add dev " + port + " clsact");
    run(hosts_[i].get(),
        "ip link set lo up && ip address add " + address_of(i) + "/24 dev cable && ip link set cable up");
  }
}

void private_network::split_from(std::size_t first) const {
  std::string all = "true";
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    all += " && ip link set " + port_of(i) + " master " + (i < first ? "near" : "far");
  run(switches_.get(), all);
}

void private_network::lose(std::size_t host, way which, double share) const {
  // What leaves the switch by a port arrives at its host.
  const auto where = "dev " + port_of(host) + (which == way::to_host ? " egress" : " ingress");
  run(switches_.get(), "tc filter del " + where + "; true");
  if (share > 0) run(switches_.get(), "tc filter add " + where + " bpf da bytecode " + program_losing(share));
}

}  // namespace troupe::test
