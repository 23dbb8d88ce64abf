#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/service/context.hpp>

namespace troupe {

context::context(serving::request_ptr request, const std::shared_ptr<calling::call_port>& port)
    : request_(std::move(request)), port_(port) {}

duration context::remaining() const { return request_->deadline() - actor::now(); }

std::string context::call_id() const {
  return call_name(request_->caller(), troupe::call_id{request_->request().getCallId()});
}

trace_context context::trace() const {
  const auto trace = request_->request().getTrace();
  return {trace.getHigh(), trace.getLow(), trace.getSpan(), trace.getFlags()};
}

std::string_view context::metadata(std::string_view key) const {
  for (const auto entry : request_->request().getMetadata()) {
    const auto name = entry.getKey();
    if (std::string_view(name.begin(), name.size()) == key)
      return {entry.getValue().begin(), entry.getValue().size()};
  }
  return {};
}

void context::fail(code code, std::string_view text) {
  request_->fail(code, text, serving::incoming_request::executed::yes);
}

}  // namespace troupe
