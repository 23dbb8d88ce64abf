#include <troupe/retry/safety.hpp>

namespace troupe::retry {

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

std::string_view to_string(fate value) {
  switch (value) {
    case fate::never_sent:
      return "never sent";
    case fate::balked:
      return "balked, not executed";
    case fate::refused:
      return "refused, not executed";
    case fate::lost:
      return "lost after sending";
    case fate::answered:
      return "answered";
  }
  return "?";
}

}  // namespace troupe::retry
