// A service that is made slow or failing on purpose, to see what its callers do.
#pragma once

#include <troupe/base/random.hpp>
#include <troupe/base/time.hpp>

namespace troupe::admission {

struct injected_fault {
  duration delay{0};          // of each request, before it is handed to the service
  unsigned fail_percent = 0;  // of the requests, 0 to 100

  enum class failing : bool { no, yes };
  /// Whether the fault strikes the next request. Draws only where some fail and some do not have to.
  failing strikes(random_source& random) const {
    return fail_percent > 0 && random.below(100) < fail_percent ? failing::yes : failing::no;
  }
};

}  // namespace troupe::admission
