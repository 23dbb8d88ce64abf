// A replica of lab.Bench that is no node: it counts what a router and gossip say to it.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>

#include <troupe/wire/gossip.hpp>

#include "node/stranger_fixture.hpp"

namespace troupe::test {

class replica_double {
 public:
  replica_double(const std::string& name, wire::feature_set spoken)
      : welcome_{.from = {node_id_of("lab", name), epoch{77}}, .name = name, .features = spoken},
        listening_(transport::listen_on(*parse_endpoint("127.0.0.1:0"))) {
    REQUIRE(listening_);
    thread_ = std::thread([this] { serve(); });
  }
  replica_double(const replica_double&) = delete;
  replica_double& operator=(const replica_double&) = delete;
  ~replica_double() {
    over_ = true;
    thread_.join();
  }

  /// Makes the node believe in it, by gossip.
  void introduce_to(const node& whom) const {
    membership::update claim;
    claim.subject = welcome_.from;
    claim.incarnation = 1;
    claim.mode = membership::mode::ready;
    claim.who = membership::make_attributes(welcome_.name, listening_->bound);
    claim.registration_version = 1;
    claim.document = std::make_shared<const membership::registration>(
        membership::registration{1, "", {{"lab.Bench", lab::BenchService::descriptor().id, 100}}});
    membership::packet rumour;
    rumour.from = welcome_.from;
    rumour.from_address = listening_->bound;
    rumour.updates = {claim};
    const auto packet = wire::encode(rumour, wire::cluster_hash("lab"));
    const auto to = transport::to_kernel(whom.address());
    (void)::sendto(listening_->udp.get(), packet.data(), packet.size(), 0, to.get(), to.size);
  }

  // What it was told.
  std::atomic<int> requests{0};
  std::atomic<int> bounds{0};  // requests with a number of others that they may meet
  std::atomic<int> load_queries{0};
  std::atomic<int> presence_pings{0};

 private:
  using link = std::unique_ptr<raw_peer>;

  void serve() {
    std::vector<link> links;
    while (!over_) {
      std::vector<pollfd> wanted{{listening_->tcp.get(), POLLIN, 0}};
      for (const auto& each : links) wanted.push_back({each->fd(), POLLIN, 0});
      if (::poll(wanted.data(), wanted.size(), 10) <= 0) continue;
      for (std::size_t i = 0; i + 1 < wanted.size(); ++i)
        if (wanted[i + 1].revents != 0 && !listen_to(*links[i])) links[i] = nullptr;
      std::erase(links, nullptr);
      if (wanted[0].revents == 0) continue;
      const int fd = ::accept4(listening_->tcp.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) links.push_back(std::make_unique<raw_peer>(fd));
    }
  }

  /// False: the other side has closed.
  bool listen_to(raw_peer& other) {
    do {
      const auto message = other.hear();
      if (!message) return false;
      answer(other, *message);
    } while (other.holds_frames());
    return true;
  }

  void answer(raw_peer& other, const wire::message& what) {
    using kind = wire::frame_kind;
    const rpc::load_report load{.in_flight = 1, .workers = 1, .limit = 1024, .service_time = 1ms};
    switch (what.kind()) {
      case kind::hello:
        return other.say(welcome_);
      case kind::ping:
        return other.say(wire::pong{wire::read_ping(what).number});
      case kind::load_query:
        ++load_queries;
        return other.say(wire::load_answer{"lab.Bench", load});
      case kind::request: {
        const auto head = wire::read_request(what).value();
        ++requests;
        bounds += head.attempt.bounce_at > 0 ? 1 : 0;
        wire::reply_envelope reply;
        reply.answers(head.attempt.attempt);
        reply.results().initAs<lab::Bench::EchoResults>().setNode(welcome_.name);
        reply.set_load(load);
        return other.send(reply.message());
      }
      case kind::exchange: {
        const auto sync =
            wire::decode_sync(wire::read_exchange(what).value().message, wire::cluster_hash("lab"));
        presence_pings += sync && sync->kind == membership::sync_kind::ping ? 1 : 0;
        return;
      }
      default:
        return;
    }
  }

  wire::welcome welcome_;
  result<transport::listening_sockets> listening_;
  std::atomic<bool> over_{false};
  std::thread thread_;
};

}  // namespace troupe::test
