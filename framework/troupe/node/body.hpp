// What a node is made of: one engine, and the actors that run on it.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <troupe/node/node.hpp>
#include <troupe/runtime/engine.hpp>
#include <troupe/runtime/environment.hpp>
#include <troupe/runtime/gossip_actor.hpp>
#include <troupe/runtime/router_actor.hpp>
#include <troupe/runtime/server.hpp>

namespace troupe {

class node::body {
 public:
  explicit body(node_options options);
  ~body();

  result<void> host(const interface_descriptor& interface, const hosting& how,
                    std::function<std::unique_ptr<service>()> make);
  void ready();
  std::size_t stop();
  bool stopped() const { return stopped_; }
  void ask_to_stop(const std::string& why);

  // The actors' own objects: each of their public members posts to its actor.
  runtime::server& server() { return runtime::object_of<runtime::server>(server_); }
  runtime::router_actor& router() { return runtime::object_of<runtime::router_actor>(router_); }
  runtime::gossip_actor& gossip() { return runtime::object_of<runtime::gossip_actor>(gossip_); }

  const interface_descriptor* interface_of(std::string_view service) const;
  time_point started() const { return started_; }

  node_options options;
  std::unique_ptr<runtime::environment> shared;
  std::shared_ptr<runtime::router_port> port;
  std::vector<std::string> arguments;

  std::mutex mutex;                                    // guards what follows
  std::function<void(const std::string&)> stop_asked;  // told once
  std::string stop_reason;

 private:
  void spawn_actors(transport::listening_sockets sockets, secrecy::ring keys);
  void publish();

  std::unique_ptr<runtime::engine> engine_;
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
