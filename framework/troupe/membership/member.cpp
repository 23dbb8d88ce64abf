#include <troupe/membership/member.hpp>

namespace troupe::membership {

std::string_view to_string(event_kind value) {
  switch (value) {
    case event_kind::joined:
      return "joined";
    case event_kind::changed:
      return "changed";
    case event_kind::suspected:
      return "suspected";
    case event_kind::refuted:
      return "refuted";
    case event_kind::died:
      return "died";
    case event_kind::left:
      return "left";
    case event_kind::forgotten:
      return "forgotten";
  }
  return "unknown";
}

}  // namespace troupe::membership
