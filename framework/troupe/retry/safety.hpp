// What the interface's author declared about repeating a method, and what became of one attempt.
#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::retry {

/// `$Troupe.safety` in the IDL; the numbers travel on the wire. Unsafe unless said.
enum class safety : std::uint8_t {
  unsafe = 0,      // never executed twice
  idempotent = 1,  // executing twice is as good as once
  read_only = 2,   // changes nothing
};

/// `$Troupe.hedge` in the IDL: may a second attempt start when the first is slower than usual? Only where the
/// method is not unsafe.
enum class hedging : bool { off, on };

/// How far an attempt got: all that decides whether it may be repeated.
enum class fate : std::uint8_t {
  never_sent,  // no byte left this node
  balked,      // it came back unexecuted, as it was to where it met too many others
  refused,     // the replica said: not executed (overloaded, draining, not served here, expired)
  lost,        // sent, and no answer will come: it may have been executed
  answered,    // executed: a result or an application error. Final
};

/// As the IDL spells it: "readOnly".
std::string_view to_string(safety value);
/// What a replica that refuses for overload advises. `do_not_retry`: it sees that the others are no better
/// off.
enum class advice : bool { may_retry, do_not_retry };

std::string_view to_string(fate value);

}  // namespace troupe::retry
