#include <troupe/service/client.hpp>

namespace troupe {

void client_base::prepare(calling::outgoing_call& made, const interface_descriptor& interface,
                          const method_descriptor& method, const context* ctx) const {
  made.init({service_ ? std::string_view(*service_) : interface.service, method.interface_id, method.ordinal},
            method.name);
  made.names = service_;
  made.policy = interface.policy;
  made.traits = method.traits;
  if (ctx != nullptr) {
    if (!made.traits.criticality) made.traits.criticality = ctx->criticality();
    made.not_after = ctx->deadline();
    made.trace = ctx->trace();
  }
}

}  // namespace troupe
