#include <algorithm>
#include <chrono>

#include <troupe/wire/call.hpp>
#include <troupe/wire/catching_kj.hpp>
#include <troupe/wire/load.hpp>
#include <troupe/wire/text.hpp>

namespace troupe::wire {

namespace {

/// Far beyond any sane deadline, and small enough that adding it to a time cannot overflow.
constexpr std::uint64_t remaining_micros_max = 24ull * 3600 * 1'000'000;

request_head read(idl::Request::Reader from) {
  return {.method = {view_of(from.getService()), from.getInterfaceId(), from.getMethod()},
          .attempt = {.attempt = {from.getAttemptId()},
                      .call = {from.getCallId()},
                      .number = from.getAttempt(),
                      .criticality = rpc::criticality_from_wire(from.getCriticality()),
                      .bounce_at = from.getBounceAt(),
                      .remaining = std::chrono::microseconds(
                          std::min<std::uint64_t>(from.getRemainingMicros(), remaining_micros_max))},
          .params = from.getParams()};
}

failure read(idl::Failure::Reader from) {
  const auto said = code_from_wire(from.getCode());
  return {.code = said == code::ok ? code::unknown : said,
          .how = from.getExecuted()  ? ending::executed
                 : from.getBounced() ? ending::bounced
                                     : ending::refused,
          .advice = from.getNoRetry() ? rpc::advice::do_not_retry : rpc::advice::may_retry,
          .text = view_of(from.getText())};
}

}  // namespace

// --- Requests ------------------------------------------------------------------------------------------

void request_envelope::begin(const method_address& to) {
  request_ = message_.initRoot<idl::Frame>().initRequest();
  request_.setInterfaceId(to.interface_id);
  request_.setMethod(to.ordinal);
  fill(request_.initService(size_of(to.service)), to.service);
}

void request_envelope::set_metadata(std::span<const std::pair<std::string, std::string>> entries) {
  auto list = request_.initMetadata(static_cast<capnp::uint>(entries.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) {
    fill(list[i].initKey(size_of(entries[i].first)), entries[i].first);
    fill(list[i].initValue(size_of(entries[i].second)), entries[i].second);
  }
}

void request_envelope::stamp(const attempt_head& what, const rpc::trace_context& trace) {
  request_.setAttemptId(what.attempt.value);
  request_.setCallId(what.call.value);
  request_.setAttempt(what.number);
  request_.setCriticality(static_cast<std::uint8_t>(what.criticality));
  request_.setBounceAt(what.bounce_at);
  request_.setRemainingMicros(std::max<std::uint64_t>(to_micros(what.remaining), 1));
  auto traced = request_.getTrace();
  traced.setHigh(trace.high);
  traced.setLow(trace.low);
  traced.setSpan(trace.span);
  traced.setFlags(trace.flags);
}

result<request_head> read_request(const message& from) {
  request_head head;
  const auto whole = catching_kj("a request that cannot be read", [&] { head = head_of(from); });
  if (!whole) return whole.error();
  return head;
}

request_head head_of(const message& from) { return read(from.root().getRequest()); }

rpc::trace_context trace_of(const message& from) {
  const auto trace = from.root().getRequest().getTrace();
  return {trace.getHigh(), trace.getLow(), trace.getSpan(), trace.getFlags()};
}

std::string_view metadata_of(const message& from, std::string_view key) {
  for (const auto entry : from.root().getRequest().getMetadata())
    if (view_of(entry.getKey()) == key) return view_of(entry.getValue());
  return {};
}

// --- Replies -------------------------------------------------------------------------------------------

reply_envelope::reply_envelope()
    : message_(kj::arrayPtr(scratch_.data(), scratch_.size())),
      reply_(message_.initRoot<idl::Frame>().initReply()) {}

void reply_envelope::fail(const failure& what) {
  auto said = reply_.initFailure();
  said.setCode(static_cast<std::uint16_t>(what.code));
  said.setExecuted(what.how == ending::executed);
  said.setBounced(what.how == ending::bounced);
  said.setNoRetry(what.advice == rpc::advice::do_not_retry);
  fill(said.initText(size_of(what.text)), what.text);
}

void reply_envelope::set_advice(rpc::advice advice) {
  reply_.getFailure().setNoRetry(advice == rpc::advice::do_not_retry);
}

void reply_envelope::set_load(const rpc::load_report& what) { write(reply_.initLoad(), what); }

rpc::load_report reply_envelope::load() { return read(reply_.asReader().getLoad()); }

result<reply> read_reply(const message& from) {
  result<reply> said(reply{});
  const auto whole = catching_kj("a reply that cannot be read", [&] {
    const auto root = from.root().getReply();
    said->attempt = {root.getAttemptId()};
    said->load = read(root.getLoad());
    if (root.isFailure())
      said->failed = read(root.getFailure());
    else
      said->results = root.getResults();
  });
  if (!whole) return whole.error();
  return said;
}

}  // namespace troupe::wire
