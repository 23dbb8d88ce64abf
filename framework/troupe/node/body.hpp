// What a node is made of: one engine, and the actors that run on it.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <troupe/actor/engine.hpp>
#include <troupe/actor/environment.hpp>
#include <troupe/calling/router_actor.hpp>
#include <troupe/gossip/gossip_actor.hpp>
#include <troupe/node/node.hpp>
#include <troupe/serving/server.hpp>

namespace troupe {

class node::body {
 public:
  explicit body(node_options wanted);
  ~body();

  /// `wanted` by the program; what the options say of the service goes before it.
  result<void> host(const interface_descriptor& interface, const hosting& wanted,
                    std::function<std::unique_ptr<service>()> make);
  void ready();
  std::size_t stop();
  bool stopped() const { return stopped_; }
  void ask_to_stop(const std::string& why);

  // The actors' own objects: each of their public members posts to its actor.
  serving::server& server() { return actor::object_of<serving::server>(server_); }
  calling::router_actor& router() { return actor::object_of<calling::router_actor>(router_); }
  gossip::gossip_actor& gossip() { return actor::object_of<gossip::gossip_actor>(gossip_); }

  const interface_descriptor* interface_of(std::string_view service) const;
  time_point started() const { return started_; }

  node_options options;
  std::unique_ptr<actor::environment> shared;
  std::shared_ptr<calling::router_port> port;
  std::vector<std::string> arguments;
  mutable std::atomic<bool> arguments_read{false};  // somebody looks at them

  std::mutex mutex;                                    // guards what follows
  std::function<void(const std::string&)> stop_asked;  // told once
  std::string stop_reason;

 private:
  void spawn_actors(transport::listening_sockets sockets, crypto::ring keys);
  void publish();

  std::unique_ptr<actor::engine> engine_;
  caf::actor server_;
  caf::actor router_;
  caf::actor gossip_;
  time_point started_{};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> stopping_{false};  // read on the event loop's thread
  mutable std::mutex services_mutex_;
  std::map<std::string, std::pair<const interface_descriptor*, std::uint32_t>, std::less<>>
      services_;  // and weight
};

}  // namespace troupe
