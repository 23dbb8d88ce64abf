#include <troupe/service/client.hpp>

namespace troupe {

wire::idl::Request::Builder client_base::prepare(calling::outgoing_call& made,
                                                 const interface_descriptor& interface,
                                                 const method_descriptor& method, const context* ctx) const {
  auto request = made.init(service_ ? std::string_view(*service_) : interface.service, method.name);
  made.names = service_;
  request.setInterfaceId(method.interface_id);
  request.setMethod(method.ordinal);
  made.policy = interface.policy;
  made.safety = method.safety;
  made.hedge = method.hedge;
  made.timeout = method.timeout;
  const auto inherited = ctx != nullptr ? ctx->criticality() : criticality::normal;
  request.setCriticality(static_cast<std::uint8_t>(method.criticality.value_or(inherited)));
  if (ctx != nullptr) {
    made.not_after = ctx->deadline();
    request.setTrace(ctx->request().request().getTrace());
  }
  return request;
}

}  // namespace troupe
