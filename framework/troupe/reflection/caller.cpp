#include <troupe/reflection/caller.hpp>
#include <troupe/reflection/interface_view.hpp>

namespace troupe::reflection {

call<capnp::AnyPointer> caller::start(const method_view& called, capnp::DynamicStruct::Reader params) const {
  return start(called.facts, affinity_key(called, params),
               [&](capnp::AnyPointer::Builder into) { into.setAs<capnp::DynamicStruct>(params); });
}

calling::call_ptr caller::prepare(const method& called) {
  auto made = std::make_shared<calling::outgoing_call>();
  const auto names = std::make_shared<const method>(called);
  made->init({names->service, called.interface_id, called.ordinal}, names->name);
  made->policy = names->policy;
  made->traits = called.traits;
  made->names = names;
  return made;
}

}  // namespace troupe::reflection
