#include <troupe/rpc/criticality.hpp>

namespace troupe::rpc {

std::string_view to_string(criticality value) {
  switch (value) {
    case criticality::sheddable:
      return "sheddable";
    case criticality::normal:
      return "normal";
    case criticality::critical:
      return "critical";
  }
  return "?";
}

}  // namespace troupe::rpc
