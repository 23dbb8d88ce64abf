#include <troupe/actor/handshake.hpp>

namespace troupe::actor {

void send_hello(transport::link& to, const environment& self) {
  capnp::MallocMessageBuilder message(64);
  auto hello = message.initRoot<wire::idl::Frame>().initHello();
  hello.setVersion(wire::idl::PROTOCOL_VERSION);
  hello.setCluster(self.cluster);
  hello.setName(self.name);
  hello.getFrom().setNode(self.self.node.value);
  hello.getFrom().setEpoch(self.self.epoch.value);
  (void)to.send(message, transport::link::when_full::append);
}

result<welcome> read_welcome(wire::idl::Frame::Reader frame) {
  if (frame.isRefusal()) {
    const auto refusal = frame.getRefusal();
    return error{code_from_wire(refusal.getCode()), refusal.getText().cStr()};
  }
  if (!frame.isWelcome()) return error{code::invalid_argument, "the peer did not answer hello with welcome"};
  const auto said = frame.getWelcome();
  return welcome{{node_id{said.getFrom().getNode()}, epoch{said.getFrom().getEpoch()}},
                 said.getName().cStr()};
}

}  // namespace troupe::actor
