// The router: every remote call of a node goes through it. The routing core decides; this actor translates.
//
// It lives on the event loop and owns the outgoing links, so choosing a replica, writing the request,
// reading the answer and scoring it are one thread and no hop. Calls come in batches through its inbox, and
// leave in batches: one write a link.
#pragma once

#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include <troupe/actor/bound_actor.hpp>
#include <troupe/actor/environment.hpp>
#include <troupe/actor/link_report.hpp>
#include <troupe/balance/explanation.hpp>
#include <troupe/calling/call_port.hpp>
#include <troupe/calling/outgoing_call.hpp>
#include <troupe/routing/router.hpp>
#include <troupe/transport/keep_alive.hpp>
#include <troupe/transport/link.hpp>
#include <troupe/transport/timer.hpp>
#include <troupe/wire/features.hpp>
#include <troupe/wire/message.hpp>

namespace troupe::calling {

/// What membership tells the router: one node, and where it listens.
struct node_change {
  routing::node_view view;
  endpoint address;
};

/// The router's door. Outlives the router: then it fails what is submitted.
class router_port final : public call_port {
 public:
  struct later {
    time_point due;
    std::shared_ptr<actor::turn_queue> home;
    std::function<void()> what;
  };
  using item = std::variant<call_ptr, later, wire::frame>;

  void submit(call_ptr call) override;
  void after(duration wait, std::shared_ptr<actor::turn_queue> home, std::function<void()> what) override;
  bool on_event_loop() const override { return std::this_thread::get_id() == loop_thread_; }
  /// A reply to this node's own request.
  void local_answer(wire::frame answer);

 private:
  friend class router_actor;
  actor::inbox<item> inbox_;
  std::thread::id loop_thread_;
};

class router_actor final : public actor::bound_actor, public transport::link::owner {
 public:
  router_actor(caf::actor_config& config, caf::execution_unit* where, const actor::environment& shared,
               const routing::options& options, std::shared_ptr<router_port> port);
  ~router_actor() override;

  // From any thread: each happens in a later turn.

  /// Where requests to this very node go. Once, before the first call.
  void serve_locally(std::shared_ptr<actor::inbox<wire::frame>> requests);
  void nodes_changed(std::vector<node_change> changes);
  /// Who was heard on a link is told to `heard`, a few times a second, on the event loop's thread. Once.
  void report_life(std::function<void(std::vector<identity>)> heard);

  // Seeing and steering (router_steering.cpp).

  struct service_view {
    balance::explanation replicas;
    std::uint32_t method = 0;  // that the replicas are explained for
    std::vector<routing::router::method_times> times;
  };
  /// Without `method`: for the first one that was measured. Errors: not_found.
  void explain(std::string service, std::optional<std::uint32_t> method,
               std::function<void(result<service_view>)> take);
  /// A call of this node's, by its name (base/ids.hpp). Errors: invalid_argument; not_found, also for one
  /// that was not kept.
  void find_call(std::string name, std::function<void(result<routing::recent_call>)> take);
  /// Newest first; of all services where `service` is empty.
  void list_calls(std::string service, std::size_t most,
                  std::function<void(std::vector<routing::recent_call>)> take);
  /// What to do about a service that nobody has spoken of yet. Whoever may make up names is refused, as each
  /// stays for good.
  enum class unknown : bool { refused, taken };
  void set_options(std::string service, routing::service_options how, unknown names,
                   std::function<void(result<void>)> applied);
  /// The policy lives, and ends, on the event loop's thread.
  void use_policy(std::string service, std::unique_ptr<balance::policy> own,
                  std::function<void(result<void>)> applied);

  struct report {
    std::vector<actor::link_report> links;
    actor::counters counted;
  };
  void inspect(std::function<void(report)> take);
  /// Fails every call, closes every link, and ends this actor.
  void stop(std::function<void()> ended);

 protected:
  void begin() override;
  void turn() override;

 private:
  struct peer {
    node_id id;
    std::string name;
    endpoint address;
    routing::node_view view;
    std::unique_ptr<transport::link> connection;
    bool welcomed = false;
    identity life;               // who said welcome
    wire::feature_set features;  // agreed on this link
    time_point dial_limit = never;
    transport::keep_alive pulse{{}, {}};
    std::uint64_t received_bytes = 0;  // when its link was last looked at
    std::uint64_t sent_bytes = 0;
  };
  struct later_due {
    bool operator()(const router_port::later& a, const router_port::later& b) const { return a.due > b.due; }
  };

  void on_open(transport::link& which) override;
  void on_frames(transport::link& which, std::vector<wire::frame>& frames) override;
  void on_closed(transport::link& which, const std::string& why) override;
  void on_congestion(transport::link& which, congestion what) override;

  void begin_call(call_ptr call, time_point now);
  // Errors: why the link must close. `from` is null for an answer of this very node.
  result<void> read_frame(peer* from, wire::frame what, time_point now);
  void read_welcome(peer& from, const wire::message& answer, time_point now);
  result<void> read_reply(wire::message_ptr message, time_point now);
  result<void> read_load_answer(const peer& from, const wire::message& message, time_point now);
  result<void> read_go_away(peer& from, const wire::message& message, time_point now);
  void settle(time_point now);
  void perform(const routing::transmit& what, time_point now);
  void stamp(outgoing_call& call, const routing::transmit& what, wire::feature_set spoken) const;
  void perform(const routing::withdraw& what);
  void perform(const routing::dial& what, time_point now);
  void perform(const routing::hang_up& what);
  void perform(const routing::probe& what);
  void perform(routing::finish& what, time_point now);
  void bring_home(call_ptr call);
  call_error failure_of(const outgoing_call& call, routing::finish& what, time_point now);
  void check_links(time_point now);
  void change(const node_change& what, time_point now);
  void ring();
  void arm();

  const actor::environment& shared_;
  transport::event_loop& loop_;
  std::shared_ptr<router_port> port_;
  routing::router core_;
  std::unique_ptr<transport::timer> timer_;
  std::shared_ptr<actor::inbox<wire::frame>> local_requests_;
  std::function<void(std::vector<identity>)> heard_;

  std::unordered_map<node_id, peer> peers_;
  std::vector<call_ptr> calls_;  // by the core's slot
  routing::actions actions_;
  std::size_t performed_ = 0;
  std::size_t finished_ = 0;
  bool settling_ = false;
  wire::message_ptr answer_;             // being read: the winner's, if it wins
  std::optional<error> answer_problem_;  // what it says, where its handler failed
  rpc::advice answer_advice_ = rpc::advice::may_retry;
  std::vector<router_port::item> taken_;
  std::priority_queue<router_port::later, std::vector<router_port::later>, later_due> later_;
  time_point next_check_ = never;
  time_point last_check_{};
  std::uint64_t bad_frames_ = 0;
  std::uint64_t fell_silent_ = 0;
};

}  // namespace troupe::calling
