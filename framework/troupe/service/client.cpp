#include <troupe/service/client.hpp>

namespace troupe {

wire::idl::Request::Builder client_base::prepare(runtime::outgoing_call& made,
                                                 const interface_descriptor& interface,
                                                 const method_descriptor& method, const context* ctx) const {
  auto request = made.init(service_ ? std::string_view(*service_) : interface.service, method.name);
  made.names = service_;
  request.setInterfaceId(method.interface_id);
  request.setMethod(method.ordinal);
  request.setCriticality(static_cast<std::uint8_t>(method.criticality));
  made.safety = method.safety;
  made.timeout = method.timeout;
  if (ctx != nullptr) {
    made.not_after = ctx->deadline();
    request.setTrace(ctx->request().request().getTrace());
  }
  return request;
}

}  // namespace troupe
