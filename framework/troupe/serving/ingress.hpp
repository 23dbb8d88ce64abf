// The links that callers have made to this node, and what comes in on them.
//
// It reads frames: hellos and pings it answers itself, requests go to the desk with their caller and their
// service, cancels to the caller's requests, membership's exchanges to whoever keeps membership. On the event
// loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <troupe/actor/environment.hpp>
#include <troupe/actor/inbox.hpp>
#include <troupe/actor/link_report.hpp>
#include <troupe/base/endpoint.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/serving/caller.hpp>
#include <troupe/serving/hosted_service.hpp>
#include <troupe/serving/incoming_request.hpp>
#include <troupe/serving/request_desk.hpp>
#include <troupe/serving/server_options.hpp>
#include <troupe/transport/link.hpp>
#include <troupe/transport/listener.hpp>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/message.hpp>

namespace troupe::serving {

/// Which link it is.
using link_number = std::uint64_t;

class ingress final : public transport::link::owner {
 public:
  /// `exchange` gets the messages of a membership sync, link by link: the link's number, the bytes, and a
  /// function for the answer, to be called on the event loop's thread; it sends the message unless it is
  /// empty, and closes the link unless the reason is. `exchange_cut`: that link is gone.
  struct collaborators {
    using sync_answer = std::function<void(std::vector<std::byte> message, std::string why)>;
    std::function<void(link_number, std::vector<std::byte>, sync_answer)> exchange;
    std::function<void(link_number)> exchange_cut;
  };

  /// `services` and `desk` must outlive it.
  ingress(const actor::environment& shared, const server_options& options, transport::owned_fd listening,
          const service_table& services, request_desk& desk, collaborators others);

  /// `wake` brings about `read_local`, from any thread.
  void start(std::function<void()> wake);
  /// Takes no more links.
  void stop_accepting();
  /// Closes all links.
  void close(const std::string& why);

  /// Where the router puts requests to this very node.
  const std::shared_ptr<actor::inbox<wire::frame>>& local_requests() const { return local_requests_; }
  void read_local(time_point now);

  /// Tells every caller that this node will stop.
  void say_go_away(const std::string& why);
  /// Closes the links that are silent, or have not said hello in time. About once a second.
  void close_overdue(time_point now);

  void tell(std::vector<actor::link_report>& links, actor::counters& counted) const;

 private:
  struct inbound {
    caller who;
    std::unique_ptr<transport::link> connection;
    endpoint from;
    time_point accepted{};
    time_point heard{};
    std::uint64_t seen_bytes = 0;  // received when it was last looked at
    enum class sync { none, idle, answering } sync = sync::none;
  };
  struct counted_events {
    std::uint64_t accepted = 0, turned_away = 0, refused_hellos = 0, bad_frames = 0, closed = 0,
                  exchanges = 0, load_queries = 0;
  };

  void on_open(transport::link&) override {}
  void on_frames(transport::link& which, std::vector<wire::frame>& frames) override;
  void on_closed(transport::link& which, const std::string& why) override;
  void on_congestion(transport::link& which, congestion what) override;

  void accept(transport::owned_fd fd, endpoint from);
  // Errors of those that read: the peer broke the protocol, and its link is to be closed.
  result<void> read_frame(link_number number, inbound& peer, wire::frame what, time_point now);
  result<void> read_hello(link_number number, inbound& peer, const wire::message& message);
  result<void> read_exchange(link_number number, inbound& peer, const wire::message& message);
  void answer_exchange(link_number number, const std::vector<std::byte>& answer, const std::string& why);
  void take_request(std::unique_ptr<incoming_request> request, caller& from);
  result<void> tell_load(inbound& peer, const wire::message& message, time_point now);

  const actor::environment& shared_;
  server_options options_;
  const service_table& services_;
  request_desk& desk_;
  collaborators others_;
  transport::event_loop& loop_;
  std::unique_ptr<transport::listener> listener_;
  bool accepting_ = true;

  std::unordered_map<link_number, inbound> links_;
  link_number last_link_ = 0;
  caller local_;  // without a connection: the callers in this very process
  std::shared_ptr<actor::inbox<wire::frame>> local_requests_;
  std::vector<wire::frame> local_frames_;

  counted_events counted_;
};

}  // namespace troupe::serving
