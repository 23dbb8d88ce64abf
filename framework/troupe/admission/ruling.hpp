// What a request says when it asks to be let in, and what it is told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/rpc/criticality.hpp>

namespace troupe::admission {

struct request {
  rpc::criticality criticality = rpc::criticality::normal;
  rpc::attempt_kind attempt = rpc::attempt_kind::first;
  /// With so many requests of the service there already, some of them waiting for their first turn, it goes
  /// back: its caller knows of a replica that is the better one then. 0: it never does.
  std::uint32_t bounce_at = 0;
  std::size_t bytes = 0;  // of memory that it holds until it is answered
};

/// Why a request is refused, unexecuted.
enum class refusal : std::uint8_t {
  draining,    // the node is about to stop
  starting,    // the service's first life has not begun
  restarting,  // it died, and its next life has not begun
  overloaded,  // there is no room for a request of this kind
};

/// What its caller is told: RESOURCE_EXHAUSTED for overload, UNAVAILABLE for what is over elsewhere.
code code_of(refusal why);
std::string_view text_of(refusal why);

struct ruling {
  enum class kind : std::uint8_t {
    admit,   // it counts as in flight, until `intake::leave`
    bounce,  // back at once, with the load report
    refuse,  // back at once, because of `why`
  };
  kind what = kind::admit;
  refusal why = refusal::overloaded;  // of `refuse`

  // Of one that is let in: what an injected fault does to it.
  enum class on_purpose : bool { executed, failed } end = on_purpose::executed;
  duration delay{0};  // before it is handed to the service
};

/// How a request that was let in came to its end.
enum class ending : std::uint8_t {
  succeeded,
  failed,    // executed, and answered with an error
  expired,   // not executed: out of time, cancelled, or its service died first
  gave_way,  // not executed: at its turn there was no room for its kind any more
};

}  // namespace troupe::admission
