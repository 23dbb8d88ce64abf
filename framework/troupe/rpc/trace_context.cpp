#include <string_view>

#include <troupe/base/ids.hpp>
#include <troupe/rpc/trace_context.hpp>

namespace troupe::rpc {

std::string trace_context::traceparent() const {
  constexpr std::string_view digits = "0123456789abcdef";
  return "00-" + to_hex(high) + to_hex(low) + "-" + to_hex(span) + "-" + digits[flags >> 4 & 15] +
         digits[flags & 15];
}

}  // namespace troupe::rpc
