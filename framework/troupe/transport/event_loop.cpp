#include <algorithm>

#include <troupe/transport/event_loop.hpp>
#include <troupe/transport/link.hpp>

namespace troupe::transport {

void event_loop::flush() {
  // Writing may close a link, and its owner may send on another one: the list can grow meanwhile.
  for (std::size_t i = 0; i < unflushed_.size(); ++i)
    if (unflushed_[i] != nullptr) unflushed_[i]->catch_up();
  unflushed_.clear();
}

void event_loop::forget(link& which) {
  std::replace(unflushed_.begin(), unflushed_.end(), &which, static_cast<link*>(nullptr));
}

}  // namespace troupe::transport
