// What became of one attempt: all that decides whether it may be repeated.
#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::retry {

/// How far an attempt got.
enum class fate : std::uint8_t {
  never_sent,  // no byte left this node
  bounced,     // it came back unexecuted, as it was to where it met too many others
  refused,     // the replica said: not executed (overloaded, draining, not served here, expired)
  lost,        // sent, and no answer will come: it may have been executed
  answered,    // executed: a result or an application error. Final
};

std::string_view to_string(fate value);

}  // namespace troupe::retry
