#include <algorithm>

#include <troupe/transport/event_loop.hpp>
#include <troupe/transport/link.hpp>

namespace troupe::transport {

void event_loop::flush() {
  // Writing may close a link, and its owner may send on another one: the list can grow meanwhile.
  for (std::size_t next = 0; next < unflushed_.size();)
    if (auto* const each = unflushed_[next++]) each->catch_up();
  unflushed_.clear();
}

void event_loop::forget(link& which) {
  std::replace(unflushed_.begin(), unflushed_.end(), &which, static_cast<link*>(nullptr));
}

}  // namespace troupe::transport
