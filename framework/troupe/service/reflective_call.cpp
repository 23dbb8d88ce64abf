#include <troupe/service/reflective_call.hpp>

namespace troupe {

calling::call_ptr reflective_caller::prepare(const reflective_method& method) {
  auto made = std::make_shared<calling::outgoing_call>();
  const auto names = std::make_shared<const reflective_method>(method);
  auto request = made->init(names->service, names->name);
  request.setInterfaceId(method.interface_id);
  request.setMethod(method.ordinal);
  made->policy = names->policy;
  made->safety = method.safety;
  made->timeout = method.timeout;
  made->names = names;
  return made;
}

}  // namespace troupe
