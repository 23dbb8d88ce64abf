#include "routing_client.hpp"

#include <string>
#include <utility>

#include "contenders/dynamic_score.hpp"

namespace troupe::simulator {

namespace {

// Two keep-alives that are missing are silence, as with transport::keep_alive_options' defaults.
constexpr int silent_after = 2;

}  // namespace

routing_client::routing_client(const scenario& what, const contest& of, std::uint64_t seed, stage& on,
                               time_point now)
    : what_(what),
      stage_(on),
      zones_(of.zones),
      core_(options_with(of.settings).value(), {1 + of.router + 1'000'000}, "eu/a", seed, now),
      service_(core_.intern("sim.Service")),
      peers_(of.servers) {}

routing_client::pending& routing_client::pending_of(call_id call) {
  const auto slot = routing::router::slot_of(call);
  if (slot >= pending_.size()) pending_.resize(slot + 1);
  return pending_[slot];
}

std::uint32_t routing_client::begin(const order& what, time_point now) {
  const auto safe = what_.calls == calls::unsafe ? rpc::safety::unsafe : rpc::safety::idempotent;
  routing::call_spec spec;
  spec.service = service_;
  spec.method = what.what.method;
  spec.traits.safety = safe;
  spec.deadline = what.deadline;
  spec.traits.criticality = what.criticality;
  spec.affinity = what.what.key;
  const auto call = core_.begin(spec, now, out_);
  pending_of(call).what = what.ref;
  perform();
  return 0;
}

void routing_client::answered(std::uint64_t tag, server_index from, const reply& came, time_point now) {
  if (came.load == nullptr) return;  // the broken link has said it
  core_.heard_from(id_of(from), now);
  routing::answer what;
  what.load = came.load;
  what.advice = came.advice;
  if (came.how == ending::bounced) what.fate = retry::fate::bounced;
  if (came.how == ending::refused) what.fate = retry::fate::refused, what.code = code::resource_exhausted;
  if (came.how == ending::failure) what.code = code::internal, failing_ = {tag};
  core_.answered({tag}, what, now, out_);
  perform();
  failing_ = {};
}

void routing_client::probed(server_index from, const rpc::load_report& load, duration, time_point now) {
  core_.heard_from(id_of(from), now);
  core_.load_told(id_of(from), service_, load, now);
}

void routing_client::wake(time_point now) {
  core_.tick(now, out_);
  perform();
}

void routing_client::report(server_index which, routing::node_status status, time_point now) {
  routing::node_view view;
  view.self = {id_of(which), {peers_[which].epoch}};
  view.name = "server-" + std::to_string(which);
  view.zone = zones_.empty() || zones_[which] == proximity::same_zone ? "eu/a" : "us/b";
  view.status = status;
  view.services.push_back({"sim.Service", 100});
  core_.node_changed(view, now, out_);
}

void routing_client::appeared(server_index which, time_point now) {
  if (std::exchange(peers_[which].known, true)) return;
  peers_[which].missed = 0;
  report(which, routing::node_status::serving, now);
  core_.link_up(id_of(which), now, out_);
  perform();
}

void routing_client::draining(server_index which, time_point now) {
  report(which, routing::node_status::draining, now);
  perform();
}

void routing_client::left(server_index which, time_point now) {
  if (!std::exchange(peers_[which].known, false)) return;
  report(which, routing::node_status::gone, now);
  ++peers_[which].epoch;
  perform();
}

void routing_client::link(server_index which, bool up, time_point now) {
  if (up || !peers_[which].known) return;
  core_.link_down(id_of(which), "connection reset", now, out_);
  perform();
}

void routing_client::keep_alive(server_index which, bool answered, time_point now) {
  peer& it = peers_[which];
  if (!it.known) return;
  it.missed = answered ? 0 : it.missed + 1;
  if (answered) core_.heard_from(id_of(which), now);
  if (it.missed == silent_after) core_.fell_silent(id_of(which), now, out_);
  perform();
}

void routing_client::perform() {
  for (const auto& wanted : out_) {
    if (const auto* sent = std::get_if<routing::transmit>(&wanted)) {
      pending& it = pending_of(sent->call);
      it.last = index_of(sent->to);
      it.attempts[(sent->attempt.value & 15) - 1] = stage_.transmit(
          it.what, it.last, sent->attempt.value,
          sent->number > 1 ? rpc::attempt_kind::further : rpc::attempt_kind::first, sent->bounce_at);
    } else if (const auto* off = std::get_if<routing::withdraw>(&wanted)) {
      stage_.withdraw(
          pending_of(routing::router::call_of(off->attempt)).attempts[(off->attempt.value & 15) - 1]);
    } else if (const auto* asked = std::get_if<routing::probe>(&wanted)) {
      stage_.probe(index_of(asked->to));
    } else if (const auto* done = std::get_if<routing::finish>(&wanted)) {
      const pending& it = pending_of(done->call);
      const bool good = done->winner && done->winner != failing_;
      const bool late = !good && !done->winner && done->failure.code == code::deadline_exceeded;
      stage_.finish(it.what, good ? ending::success : late ? ending::timed_out : ending::failure, it.last);
    }
  }
  out_.clear();
  stage_.wake_at(core_.next_deadline());
}

}  // namespace troupe::simulator
