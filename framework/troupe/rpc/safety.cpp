#include <troupe/rpc/safety.hpp>

namespace troupe::rpc {

std::string_view to_string(safety value) {
  switch (value) {
    case safety::unsafe:
      return "unsafe";
    case safety::idempotent:
      return "idempotent";
    case safety::read_only:
      return "readOnly";
  }
  return "?";
}

}  // namespace troupe::rpc
