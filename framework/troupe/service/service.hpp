// The base of every generated service base: what the host knows about a user's service.
#pragma once

#include <cstdint>
#include <string_view>

#include <capnp/any.h>

#include <troupe/service/context.hpp>
#include <troupe/service/interface.hpp>
#include <troupe/service/task.hpp>

namespace troupe {

/// A service is an actor: its members are touched by one turn at a time, and only at a `co_await` may
/// another turn come between. Constructed and destroyed in the actor's own context.
class service {
 public:
  service() = default;
  service(const service&) = delete;
  service& operator=(const service&) = delete;
  virtual ~service() = default;

  /// Generated.
  virtual const interface_descriptor& interface() const = 0;
  virtual task<> dispatch(context& ctx, std::uint64_t interface_id, std::uint16_t ordinal,
                          capnp::AnyPointer::Reader params, capnp::AnyPointer::Builder results) = 0;
};

/// Refuses with UNIMPLEMENTED: what a generated method does until it is overridden. Another replica may have
/// it.
inline task<> unimplemented(context& ctx, std::string_view what) {
  ctx.refuse(code::unimplemented, std::string(what) + " is not implemented");
  co_return;
}

}  // namespace troupe
