// The router: every remote call of a node goes through it. The routing core decides; this actor translates.
//
// It lives on the event loop and owns the outgoing links (egress.hpp), so choosing a replica, writing the
// request, reading the answer and scoring it are one thread and no hop. Calls come in batches through its
// port, and leave in batches: one write a link.
#pragma once

#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include <troupe/actor/bound_actor.hpp>
#include <troupe/actor/environment.hpp>
#include <troupe/actor/link_report.hpp>
#include <troupe/balance/explanation.hpp>
#include <troupe/calling/egress.hpp>
#include <troupe/calling/node_change.hpp>
#include <troupe/calling/outgoing_call.hpp>
#include <troupe/calling/router_port.hpp>
#include <troupe/routing/router.hpp>
#include <troupe/transport/timer.hpp>
#include <troupe/wire/features.hpp>
#include <troupe/wire/message.hpp>

namespace troupe::calling {

class router_actor final : public actor::bound_actor, private egress::listener {
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
  struct later_due {
    bool operator()(const router_port::later& a, const router_port::later& b) const { return a.due > b.due; }
  };

  void on_node_change(const routing::node_view& now_known, time_point now) override;
  void on_link_up(node_id to, wire::feature_set agreed, time_point now) override;
  void on_link_down(node_id to, const std::string& why, time_point now) override;
  void on_congestion(node_id to, transport::link::owner::congestion what, time_point now) override;
  void on_heard(node_id from, time_point now) override { core_.heard_from(from, now); }
  result<void> on_reply(wire::message_ptr reply, time_point now) override;
  void on_load(node_id from, const wire::load_answer& said, time_point now) override;
  void on_silence(node_id from, time_point now) override { core_.fell_silent(from, now, actions_); }
  void on_told(time_point) override { arm(); }

  void begin_call(call_ptr call, time_point now);
  void read_local(wire::frame answer, time_point now);
  void settle(time_point now);
  void perform(const routing::transmit& what, time_point now);
  void stamp(outgoing_call& call, const routing::transmit& what, wire::feature_set spoken) const;
  void perform(const routing::withdraw& what);
  void perform(const routing::probe& what);
  void perform(routing::finish& what, time_point now);
  void bring_home(call_ptr call);
  call_error failure_of(const outgoing_call& call, routing::finish& what, time_point now);
  void ring();
  void run_due(time_point now);
  void arm();

  const actor::environment& shared_;
  transport::event_loop& loop_;
  std::shared_ptr<router_port> port_;
  routing::router core_;
  std::unique_ptr<transport::timer> timer_;
  std::shared_ptr<actor::inbox<wire::frame>> local_requests_;
  egress links_;

  std::vector<call_ptr> calls_;  // by the core's slot
  routing::actions actions_;
  std::size_t performed_ = 0;
  std::size_t finished_ = 0;
  bool settling_ = false;
  wire::message_ptr answer_;                  // being read: the winner's, if it wins
  capnp::AnyPointer::Reader answer_results_;  // in it
  std::optional<error> answer_problem_;       // what it says, where its handler failed
  rpc::advice answer_advice_ = rpc::advice::may_retry;
  std::vector<router_port::item> taken_;
  std::priority_queue<router_port::later, std::vector<router_port::later>, later_due> later_;
};

}  // namespace troupe::calling
