#include <troupe/calling/outgoing_call.hpp>

namespace troupe::calling {

// As make_shared allocates it, with two counts before it: see request_envelope.
static_assert(sizeof(outgoing_call) + 2 * sizeof(void*) <= 1032);

void outgoing_call::init(const wire::method_address& to, std::string_view method_name) {
  service = to.service;
  method = method_name;
  ordinal = to.ordinal;
  envelope_.begin(to);
}

void outgoing_call::succeed(wire::message_ptr answer, capnp::AnyPointer::Reader results) {
  answer_ = std::move(answer);
  results_ = results;
}

call_error outgoing_call::failure(code code, std::string text) const {
  call_error problem;
  problem.code = code;
  problem.text = std::move(text);
  problem.target = std::string(service) + "." + std::string(method);
  return problem;
}

void outgoing_call::fail(call_error problem) { problem_ = std::make_unique<call_error>(std::move(problem)); }

void outgoing_call::finish(call_ptr call) {
  auto& self = *call;
  if (const auto home = self.home) {
    actor::turn_queue::item item = std::move(call);
    (void)home->put(item);  // closed: the actor that waited is gone, and with it the need
    return;
  }
  if (auto resume = std::exchange(self.done, nullptr)) return resume(std::move(call));
  self.finished_.store(true, std::memory_order_release);
  self.finished_.notify_all();
}

void outgoing_call::resume(std::shared_ptr<actor::returned_call> self) {
  if (auto resumed = std::exchange(done, nullptr))
    resumed(std::static_pointer_cast<outgoing_call>(std::move(self)));
}

void outgoing_call::wait() const { finished_.wait(false, std::memory_order_acquire); }

}  // namespace troupe::calling
