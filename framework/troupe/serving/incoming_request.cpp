#include <algorithm>

#include <troupe/actor/clock.hpp>
#include <troupe/serving/incoming_request.hpp>

namespace troupe::serving {

namespace {

wire::idl::Request::Reader request_in(wire::idl::Frame::Reader root) {
  return root.isRequest() ? root.getRequest() : wire::idl::Request::Reader{};
}

// Far beyond any sane deadline, and small enough that adding it to `now` cannot overflow.
constexpr std::uint64_t longest_remaining_micros = 24ull * 3600 * 1'000'000;

}  // namespace

incoming_request::incoming_request(wire::frame what, const wire::frame_limits& limits, time_point now)
    : message_(std::move(what), limits),
      request_(request_in(message_.root())),
      attempt_{request_.getAttemptId()},
      arrived_(now),
      deadline_(now +
                std::chrono::microseconds(std::min(request_.getRemainingMicros(), longest_remaining_micros))),
      criticality_(rpc::criticality_from_wire(request_.getCriticality())),
      kind_(request_.getAttempt() > 1 ? rpc::attempt_kind::further : rpc::attempt_kind::first),
      envelope_(kj::arrayPtr(scratch_.data(), scratch_.size())),
      reply_(envelope_.initRoot<wire::idl::Frame>().initReply()) {
  reply_.setAttemptId(attempt_.value);
}

void incoming_request::turn_away() {
  turned_away_ = true;
  fail(code::resource_exhausted, "overloaded", executed::no);
}

void incoming_request::bounce() {
  fail(code::unavailable, "fuller than its caller thought", executed::no);
  reply_.getFailure().setBounced(true);
}

void incoming_request::fail(code code, std::string_view text, executed was, rpc::advice advice) {
  auto failure = reply_.initFailure();
  failure.setCode(static_cast<std::uint16_t>(code));
  failure.setExecuted(was == executed::yes);
  failure.setNoRetry(advice == rpc::advice::do_not_retry);
  auto copy = failure.initText(static_cast<capnp::uint>(text.size()));
  std::copy(text.begin(), text.end(), copy.begin());
  outcome_ = outcome::failed;
  executed_ = was;
}

void incoming_request::begin_execution(time_point now) {
  execution_began_ = now;
  if (times_ != nullptr) times_->began(now - arrived_, now);
}

void incoming_request::complete(time_point now) {
  if (times_ != nullptr) times_->ended(now - execution_began_, now);
  completed_ = now;
  if (outcome_ == outcome::open) outcome_ = outcome::succeeded;
  executed_ = executed::yes;
}

void incoming_request::hand_back() noexcept {
  std::unique_ptr<incoming_request> owned(this);
  if (!home_) return;
  const auto began = execution_began_ != time_point{};
  if (began && completed_ == time_point{} && times_ != nullptr) times_->abandoned(actor::now());
  if (outcome_ == outcome::open) {
    if (began)
      fail(code::internal, "the service stopped before it answered", executed::yes);
    else
      fail(code::unavailable, "the service stopped before it began", executed::no);
  }
  const auto home = std::move(home_);
  home->put(std::move(owned));
}

void outbox::open(std::function<void()> wake, std::function<void(item)> taken) {
  home_ = std::this_thread::get_id();
  taken_ = std::move(taken);
  others_.open(std::move(wake));
}

void outbox::put(item answered) {
  if (std::this_thread::get_id() != home_) return (void)others_.put(answered);
  if (taken_) taken_(std::move(answered));
}

void outbox::close() {
  taken_ = nullptr;
  (void)others_.close();
}

}  // namespace troupe::serving
