// What a service actor hosts. The service room implements it with coroutines; the actor only knows turns.
#pragma once

#include <functional>
#include <memory>

#include <troupe/base/time.hpp>
#include <troupe/serving/incoming_request.hpp>

namespace troupe::serving {

class request_handler {
 public:
  virtual ~request_handler() = default;

  /// Starts a request whose turn it is: runs its handler up to the first suspension. Gives the time after
  /// that: the clock is read once a request, as one reading costs as much as a small allocation.
  virtual time_point start(request_ptr request) = 0;

  /// Called after every resumption: lets go of what has ended.
  virtual void reap(time_point now) = 0;
};

/// Makes a handler, in the actor's own context, at its start and after each of its deaths.
using request_handler_factory = std::function<std::unique_ptr<request_handler>()>;

}  // namespace troupe::serving
