#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/serving/incoming_request.hpp>
#include <troupe/serving/outbox.hpp>

namespace troupe::serving {

incoming_request::incoming_request(wire::frame what, const wire::frame_limits& limits, time_point now)
    : message_(std::move(what), limits), arrived_(now) {
  if (message_.kind() != wire::frame_kind::request) return;
  head_ = wire::head_of(message_);
  reply_.answers(attempt());
}

void incoming_request::let_in(service_gauges& gauges, std::shared_ptr<outbox> home) {
  gauges_ = &gauges;
  home_ = std::move(home);
}

bool incoming_request::take_turn(const admission::turn& what, time_point now) {
  expired_ = what.fate != admission::fate::begins;
  if (what.fate == admission::fate::too_late) return expire(), false;
  if (cancelled()) {
    // A caller gives up at its deadline, which is a little before this node's.
    if (now - arrived_ >= allowed() - allowed() / 20) return expire(), false;
    return fail(code::cancelled, "nobody waits for it any more", executed::no), false;
  }
  if (gives_way(what)) return false;
  execution_began_ = now;
  if (gauges_ != nullptr) gauges_->times.began(now - arrived_, now);
  return true;
}

void incoming_request::expire() {
  expired_ = true;
  fail(code::deadline_exceeded, "too little time was left for it when its turn came", executed::no);
}

bool incoming_request::gives_way(const admission::turn& what) {
  if (gauges_ == nullptr) return false;
  if (what.fate == admission::fate::gives_way)
    gauges_->fullness.give_way();
  else if (gauges_->fullness.may_stay(criticality(), kind()))
    return false;
  gave_way_ = true;
  refuse(admission::refusal::overloaded);
  return true;
}

void incoming_request::refuse(admission::refusal why) {
  turned_away_ = why == admission::refusal::overloaded;
  fail(admission::code_of(why), admission::text_of(why), executed::no);
}

void incoming_request::bounce() {
  reply_.fail(
      {.code = code::unavailable, .how = wire::ending::bounced, .text = "fuller than its caller thought"});
  outcome_ = outcome::failed;
}

void incoming_request::fail(code code, std::string_view text, executed was, rpc::advice advice) {
  const auto how = was == executed::yes ? wire::ending::executed : wire::ending::refused;
  reply_.fail({.code = code, .how = how, .advice = advice, .text = text});
  outcome_ = outcome::failed;
  executed_ = was;
}

void incoming_request::complete(time_point now) {
  if (gauges_ != nullptr) {
    gauges_->times.ended(now - execution_began_, now);
    gauges_->usual.note(method().key(), now - execution_began_);
  }
  completed_ = now;
  if (outcome_ == outcome::open) outcome_ = outcome::succeeded;
  executed_ = executed::yes;
}

admission::ending incoming_request::ending() const {
  if (gave_way_) return admission::ending::gave_way;
  if (!failed()) return admission::ending::succeeded;
  return executed_ == executed::yes ? admission::ending::failed : admission::ending::expired;
}

void incoming_request::hand_back() noexcept {
  std::unique_ptr<incoming_request> owned(this);
  if (!home_) return;
  const auto began = execution_began_ != time_point{};
  if (began && !was_completed()) gauges_->times.abandoned(actor::now());
  if (outcome_ == outcome::open) {
    if (began)
      fail(code::internal, "the service stopped before it answered", executed::yes);
    else
      fail(code::unavailable, "the service stopped before it began", executed::no);
  }
  const auto home = std::move(home_);
  home->put(std::move(owned));
}

}  // namespace troupe::serving
