#include <troupe/admission/ruling.hpp>

namespace troupe::admission {

code code_of(refusal why) {
  return why == refusal::overloaded ? code::resource_exhausted : code::unavailable;
}

std::string_view text_of(refusal why) {
  switch (why) {
    case refusal::draining:
      return "draining";
    case refusal::starting:
      return "the service is being started";
    case refusal::restarting:
      return "the service is being restarted";
    case refusal::overloaded:
      return "overloaded";
  }
  return "?";
}

}  // namespace troupe::admission
