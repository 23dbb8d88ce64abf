// The serving half of a node: accepts links, reads requests, hands them to service actors, and writes their
// answers.
//
// An actor on the event loop. Requests go from the link straight to the service's turn queue, and come back
// through the outbox, whatever happened to them. It also supervises the service actors: one that dies is
// started again after a backoff, and until then its requests are refused unexecuted.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <troupe/actor/bound_actor.hpp>
#include <troupe/actor/environment.hpp>
#include <troupe/base/random.hpp>
#include <troupe/serving/hosted_service.hpp>
#include <troupe/serving/incoming_request.hpp>
#include <troupe/serving/server_options.hpp>
#include <troupe/transport/link.hpp>
#include <troupe/transport/listener.hpp>
#include <troupe/transport/timer.hpp>
#include <troupe/wire/frame.hpp>

namespace troupe::serving {

class server final : public actor::bound_actor, public transport::link::owner {
 public:
  /// `exchange` gets the messages of a membership sync, link by link: the link's number, the bytes, and a
  /// function for the answer, to be called on the event loop's thread; it sends the message unless it is
  /// empty, and closes the link unless the reason is. `exchange_cut`: that link is gone. `local_answers` gets
  /// replies to this very process.
  struct collaborators {
    using sync_answer = std::function<void(std::vector<std::byte> message, std::string why)>;
    std::function<void(link_number, std::vector<std::byte>, sync_answer)> exchange;
    std::function<void(link_number)> exchange_cut;
    std::function<void(wire::frame)> local_answer;
  };

  server(caf::actor_config& config, caf::execution_unit* where, const actor::environment& shared,
         const server_options& options, transport::owned_fd listening, collaborators others);
  ~server() override;

  // From any thread: all of it happens in a later turn of this actor.

  /// Starts the service. `ready` is told: an error names a service that is hosted already or that threw
  /// while it was constructed.
  void host(service_spec what, std::function<void(result<void>)> ready);
  /// Where the router puts requests to this very node.
  const std::shared_ptr<actor::inbox<wire::frame>>& local_requests() const { return local_requests_; }
  void set_fault(std::string service, injected_fault fault, std::function<void(result<void>)> done);
  /// Refuses new requests and tells every peer; `idle` runs once nothing is in flight, or at `limit`, and is
  /// told how many were.
  void drain(std::string why, duration limit, std::function<void(std::size_t)> idle);
  /// Ends services, links and itself; `ended` runs when nothing of it is left but the actor.
  void stop(std::function<void()> ended);

  struct report {
    std::vector<service_report> services;
    struct link {
      std::string node;
      std::string address;
      std::uint64_t queued_bytes = 0, sent_bytes = 0, received_bytes = 0;
    };
    std::vector<link> links;
    actor::counters counted;
  };
  void inspect(std::function<void(report)> take);

 protected:
  void begin() override;
  void turn() override;

 private:
  struct inbound {
    std::unique_ptr<transport::link> connection;
    endpoint from;
    identity caller;                          // zero until its hello
    std::shared_ptr<const std::string> name;  // of the caller
    time_point accepted{};
    time_point heard{};
    std::uint64_t seen_bytes = 0;  // received when it was last looked at
    enum class sync { none, idle, answering } sync = sync::none;
    incoming_request* under_way = nullptr;  // head of the list, for cancellation
    struct share {
      const hosted_service* of;
      std::uint32_t in_flight;
    };
    std::vector<share> shares;  // of its services' requests in flight; few
    std::uint32_t& in_flight_of(const hosted_service* service);
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
  void read_frame(link_number number, inbound& peer, wire::frame what, time_point now);
  void greet(link_number number, inbound& peer, wire::idl::Hello::Reader hello);
  void tell_load(inbound& peer, std::string_view service, time_point now);
  void answer_exchange(link_number number, std::vector<std::byte> bytes);
  void admit(link_number number, inbound& peer, std::unique_ptr<incoming_request> request);
  void place(std::unique_ptr<incoming_request> request, hosted_service* service);
  void deliver(std::unique_ptr<incoming_request> request);
  void refuse(std::unique_ptr<incoming_request> request, code code, std::string_view text);
  void bounce(std::unique_ptr<incoming_request> request);
  void turn_away(std::unique_ptr<incoming_request> request);
  inbound* caller_of(const incoming_request& request);
  void cancel(inbound& peer, attempt_id attempt);
  void answer(std::unique_ptr<incoming_request> request);
  void settle(incoming_request& request, inbound* peer);

  void launch_service(hosted_service& service);
  void service_ended(const caf::actor_addr& which, const caf::error& reason);
  void restart_due(time_point now);
  void check_links(time_point now);
  void ring();
  void arm();
  std::size_t in_flight() const;
  void note_idle();
  void finish_stopping();

  const actor::environment& shared_;
  server_options options_;
  collaborators others_;
  transport::event_loop& loop_;
  std::unique_ptr<transport::listener> listener_;
  std::unique_ptr<transport::timer> timer_;
  random_source random_;

  std::unordered_map<link_number, inbound> links_;
  inbound local_;  // link 0, without a connection: the callers in this very process
  link_number last_link_ = 0;
  std::map<std::string, std::unique_ptr<hosted_service>, std::less<>> services_;
  std::multimap<time_point, std::unique_ptr<incoming_request>> delayed_;  // by an injected fault
  std::shared_ptr<outbox> outbox_;
  std::shared_ptr<actor::inbox<wire::frame>> local_requests_;
  std::vector<std::unique_ptr<incoming_request>> answered_;
  std::vector<wire::frame> local_frames_;
  std::size_t request_bytes_ = 0;
  time_point next_check_{};

  enum class phase { serving, draining, stopping } phase_ = phase::serving;
  time_point drain_limit_ = never;
  std::function<void(std::size_t)> idle_;
  std::function<void()> ended_;
  counted_events counted_;
};

}  // namespace troupe::serving
