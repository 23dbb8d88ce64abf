#include <troupe/retry/fate.hpp>

namespace troupe::retry {

std::string_view to_string(fate value) {
  switch (value) {
    case fate::never_sent:
      return "never sent";
    case fate::bounced:
      return "bounced, not executed";
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
