#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/service/context.hpp>

namespace troupe {

context::context(serving::request_ptr request, const std::shared_ptr<calling::call_port>& port)
    : request_(std::move(request)), port_(port) {}

duration context::remaining() const { return request_->deadline() - actor::now(); }

std::string context::call_id() const { return call_name(request_->caller(), request_->call()); }

trace_context context::trace() const { return wire::trace_of(request_->message()); }

std::string_view context::metadata(std::string_view key) const {
  return wire::metadata_of(request_->message(), key);
}

void context::fail(code code, std::string_view text) {
  request_->fail(code, text, serving::incoming_request::executed::yes);
}

void context::refuse(code code, std::string_view text) {
  request_->fail(code, text, serving::incoming_request::executed::no);
}

}  // namespace troupe
