#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/serving/request_desk.hpp>

namespace troupe::serving {

using refusing = admission::service::refusing;

request_desk::request_desk(const actor::environment& shared, const server_options& options,
                           collaborators others)
    : shared_(shared),
      others_(std::move(others)),
      intake_(options.request_bytes_max, shared.self.node.value ^ shared.self.epoch.value),
      outbox_(std::make_shared<outbox>()) {}

void request_desk::open(std::function<void()> wake, std::function<void()> left) {
  outbox_->open(std::move(wake), [this, left = std::move(left)](outbox::item request) {
    answer(std::move(request));
    if (intake_.draining()) left();
  });
}

// --- On its way in -------------------------------------------------------------------------------------

void request_desk::take(std::unique_ptr<incoming_request> request, caller& from, hosted_service* of) {
  request->came_from(from.node);
  request->notes.from = &from;
  request->notes.service = of;
  from.under_way.add(*request);
  if (of == nullptr) {
    request->fail(code::unavailable, "node " + shared_.name + " does not serve it",
                  incoming_request::executed::no);
    return answer(std::move(request));
  }
  auto asking = request->asking();
  if (!from.features.has(wire::feature::bouncing)) asking.bounce_at = 0;
  const auto told = intake_.ask(of->core, asking, [of] { return of->gauges.times.serving(); });
  switch (told.what) {
    case admission::ruling::kind::admit:
      return let_in(std::move(request), told);
    case admission::ruling::kind::bounce:
      request->bounce();
      return answer(std::move(request));
    case admission::ruling::kind::refuse:
      request->refuse(told.why);
      return answer(std::move(request));
  }
}

void request_desk::let_in(std::unique_ptr<incoming_request> request, const admission::ruling& told) {
  auto& service = *request->notes.service;
  request->let_in(service.gauges, outbox_);
  service.gauges.fullness.show(service.core);
  ++request->notes.from->in_flight_of(&service);
  if (told.end == admission::ruling::on_purpose::failed) {
    request->fail(code::internal, "failing on purpose: a fault was injected",
                  incoming_request::executed::yes);
    return answer(std::move(request));
  }
  if (told.delay > duration::zero()) {
    const auto due = actor::now() + told.delay;
    delayed_.emplace(due, std::move(request));
    return others_.wake_by(due);
  }
  deliver(std::move(request));
}

void request_desk::deliver(std::unique_ptr<incoming_request> request) {
  auto& queue = *request->notes.service->queue;
  actor::turn_queue::item item = request_ptr(request.release());
  // A queue that is closed belongs to an actor that has just died: the item, dropped here, hands the request
  // back unexecuted.
  (void)queue.put(item);
}

void request_desk::deliver_due(time_point now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    auto due = delayed_.extract(delayed_.begin());
    deliver(std::move(due.mapped()));
  }
}

// --- On its way back -----------------------------------------------------------------------------------

void request_desk::answer_returned() {
  outbox_->take(returned_);
  for (auto& request : returned_) answer(std::move(request));
  returned_.clear();
}

void request_desk::answer(std::unique_ptr<incoming_request> request) {
  settle(*request);
  auto* const to = request->notes.from;
  if (to == nullptr) return;
  to->under_way.remove(*request);
  send(*request, *to);
}

void request_desk::settle(incoming_request& request) {
  auto* const service = request.notes.service;
  if (service == nullptr) return request.reply().set_load(intake_.report_of_none());
  if (request.was_completed()) {
    service->core.executed(service->gauges.longest_wait.load(std::memory_order_relaxed), request.execution(),
                           request.completed());
    service->gauges.fullness.show(service->core);
  } else if (request.has_expired()) {
    service->core.expired(request.allowed());
  }
  // Before it leaves: what is reported includes the request that is answered.
  auto* const from = request.notes.from;
  auto* const yours = from != nullptr ? &from->in_flight_of(service) : nullptr;
  if (yours != nullptr) write_load(request, *service, *yours);
  if (!request.was_let_in()) return;
  leave(request, *service);
  if (yours != nullptr) --*yours;
}

void request_desk::write_load(incoming_request& request, const hosted_service& service,
                              std::uint32_t yours) const {
  const auto now_refusing = request.turned_away() ? refusing::yes : refusing::no;
  request.reply().set_load(
      intake_.report(service.core, service.gauges.times.read(actor::now()), yours, now_refusing));
  if (request.turned_away()) request.reply().set_advice(service.core.retry_advice());
}

void request_desk::leave(const incoming_request& request, hosted_service& service) {
  const auto how = request.ending();
  intake_.leave(service.core, request.bytes(), how);
  service.gauges.fullness.show(service.core);
  if (how == admission::ending::gave_way)
    service.gauges.fullness.leaving.fetch_sub(1, std::memory_order_relaxed);
}

void request_desk::send(incoming_request& request, const caller& to) const {
  const auto send = [&](capnp::MessageBuilder& envelope) {
    if (to.connection == nullptr) return others_.local_answer(wire::copy_to_frame(envelope));
    to.connection->send(envelope, transport::link::when_full::append);
  };
  const auto words_max = shared_.links.frames.words_max;
  auto& envelope = request.reply().message();
  const auto words = wire::message_words(envelope);
  if (words <= words_max) return send(envelope);
  // Its caller would close the link on it, with everybody's answers.
  const auto text =
      "the results take " + std::to_string(words) + " words, over the limit of " + std::to_string(words_max);
  wire::reply_envelope instead;
  instead.answers(request.attempt());
  instead.set_load(request.reply().load());
  instead.fail({.code = code::resource_exhausted, .how = wire::ending::executed, .text = text});
  send(instead.message());
}

rpc::load_report request_desk::load_of(const hosted_service& service, caller& asking, time_point now) const {
  return intake_.report(service.core, service.gauges.times.read(now), asking.in_flight_of(&service),
                        refusing::no);
}

}  // namespace troupe::serving
