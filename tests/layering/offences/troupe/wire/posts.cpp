#include <caf/actor.hpp>
#include <capnp/message.h>

#include <troupe/actor/inbox.hpp>
#include <troupe/call.capnp.h>
capnp::MallocMessageBuilder message;
caf::actor whom;
spdlog::logger* log;
