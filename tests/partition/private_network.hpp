// Hosts on a switch, each a network namespace of its own, and what may happen to their cables.
//
// Nothing of it has a name outside: the namespaces are held by file descriptors of this process alone. When
// it ends, however it ends, the kernel takes everything down.
//
// Packets are dropped by a program of four instructions on the switch's ports (classic BPF in tc's clsact
// hook): that works on kernels without netem, too, and needs neither iptables nor nft.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <troupe/transport/socket.hpp>

namespace troupe::test {

class private_network {
 public:
  /// Why there cannot be one here: no root, no `ip`, a kernel without something. One is made, to see.
  static std::optional<std::string> obstacle();

  /// 1 to 200 hosts. Throws std::runtime_error with the command that failed.
  explicit private_network(std::size_t hosts);

  std::size_t size() const { return hosts_.size(); }
  static std::string address_of(std::size_t host) { return "10.77.0." + std::to_string(host + 1); }

  /// Runs `what` in a thread that is on that host, and waits for it. Threads and sockets made by it stay
  /// there.
  template <class What>
  void on(std::size_t host, What what) const {
    std::exception_ptr thrown;
    std::thread([&] {
      try {
        enter(hosts_[host].get());
        what();
      } catch (...) {
        thrown = std::current_exception();
      }
    }).join();
    if (thrown) std::rethrow_exception(thrown);
  }

  /// The hosts from `first` on are on another switch, without a way to this one; or all are together again.
  void split_from(std::size_t first) const;
  void join_again() const { split_from(hosts_.size()); }

  enum class way { to_host, from_host };
  /// `share` of the packets on that way are lost from now on: 0 to 1.
  void lose(std::size_t host, way which, double share) const;

 private:
  static void enter(int network);
  void run(int network, const std::string& command) const;
  void build(std::size_t hosts);

  transport::owned_fd switches_;
  std::vector<transport::owned_fd> hosts_;
};

}  // namespace troupe::test
