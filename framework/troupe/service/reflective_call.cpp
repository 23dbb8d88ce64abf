#include <troupe/service/reflective_call.hpp>

namespace troupe {

calling::call_ptr reflective_caller::prepare(const reflective_method& method) {
  auto made = std::make_shared<calling::outgoing_call>();
  const auto names = std::make_shared<const reflective_method>(method);
  made->init({names->service, method.interface_id, method.ordinal}, names->name);
  made->policy = names->policy;
  made->safety = method.safety;
  made->timeout = method.timeout;
  made->names = names;
  return made;
}

}  // namespace troupe
