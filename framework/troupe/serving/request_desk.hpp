// The desk that a request passes twice. On its way in the admission core is asked about it, and it is handed
// to its service, or answered at once; on its way back the load report is written into its reply, the core is
// told how it ended, and the reply leaves.
//
// On the event loop's thread. It knows neither links nor actors: who sent a request and which service it is
// for is found out before, by the ingress.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include <troupe/actor/environment.hpp>
#include <troupe/admission/intake.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/rpc/load_report.hpp>
#include <troupe/serving/caller.hpp>
#include <troupe/serving/hosted_service.hpp>
#include <troupe/serving/incoming_request.hpp>
#include <troupe/serving/outbox.hpp>
#include <troupe/serving/server_options.hpp>
#include <troupe/wire/frame.hpp>

namespace troupe::serving {

class request_desk {
 public:
  /// What it needs of the server: `local_answer` gets replies to this very process; `wake_by` asks for
  /// `deliver_due` at a time.
  struct collaborators {
    std::function<void(wire::frame)> local_answer;
    std::function<void(time_point)> wake_by;
  };

  request_desk(const actor::environment& shared, const server_options& options, collaborators others);

  /// Before the first request. `wake` brings about `answer_returned` from any thread; `left` is told, in a
  /// drain, of each request that was answered without it.
  void open(std::function<void()> wake, std::function<void()> left);
  /// What still comes back is dropped.
  void close() { outbox_->close(); }

  /// A request has come. `of` is null where its service is not here.
  void take(std::unique_ptr<incoming_request> request, caller& from, hosted_service* of);
  /// Answers what has come back from other threads.
  void answer_returned();

  /// Hands over what an injected fault has held back until now.
  void deliver_due(time_point now);
  time_point next_delivery() const { return delayed_.empty() ? never : delayed_.begin()->first; }

  /// What a service would say of its load to this caller.
  rpc::load_report load_of(const hosted_service& service, caller& asking, time_point now) const;

  void drain(time_point limit) { intake_.drain(limit); }
  bool drained(time_point now) const { return intake_.drained(now); }
  std::size_t in_flight() const { return intake_.in_flight(); }

 private:
  void let_in(std::unique_ptr<incoming_request> request, const admission::ruling& told);
  void deliver(std::unique_ptr<incoming_request> request);
  void answer(std::unique_ptr<incoming_request> request);
  /// What is learnt of its end, and what its reply says of the load.
  void settle(incoming_request& request);
  void write_load(incoming_request& request, const hosted_service& service, std::uint32_t yours) const;
  void leave(const incoming_request& request, hosted_service& service);
  void send(incoming_request& request, const caller& to) const;

  const actor::environment& shared_;
  collaborators others_;
  admission::intake intake_;
  std::multimap<time_point, std::unique_ptr<incoming_request>> delayed_;  // by an injected fault
  std::shared_ptr<outbox> outbox_;
  std::vector<std::unique_ptr<incoming_request>> returned_;
};

}  // namespace troupe::serving
