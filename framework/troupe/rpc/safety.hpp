// What the interface's author declares about repeating a method, and what a replica advises about it.
#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::rpc {

/// `$Troupe.safety` in the IDL; the numbers travel on the wire. Unsafe unless said.
enum class safety : std::uint8_t {
  unsafe = 0,      // never executed twice
  idempotent = 1,  // executing twice is as good as once
  read_only = 2,   // changes nothing
};

/// `$Troupe.hedge` in the IDL: may a second attempt start when the first is slower than usual? Only where the
/// method is not unsafe.
enum class hedging : bool { off, on };

/// `$Troupe.backup` in the IDL: may a second attempt start when the first has stalled? Only where the method
/// is not unsafe.
enum class backing : bool { off, on };

/// What a replica that refuses for overload advises. `do_not_retry`: it sees that the others are no better
/// off.
enum class advice : bool { may_retry, do_not_retry };

/// As the IDL spells it: "readOnly".
std::string_view to_string(safety value);

}  // namespace troupe::rpc
