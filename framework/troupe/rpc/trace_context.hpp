// Where a call belongs in a trace: it travels with each request, from handler to handler.
#pragma once

#include <cstdint>
#include <string>

namespace troupe::rpc {

/// W3C trace context.
struct trace_context {
  std::uint64_t high = 0;  // of the trace's id
  std::uint64_t low = 0;
  std::uint64_t span = 0;  // another one for each attempt
  std::uint8_t flags = 0;

  /// Whether there is a trace at all.
  explicit operator bool() const { return (high | low) != 0; }
  /// "00-<32 hex>-<16 hex>-<2 hex>", as in a `traceparent` header.
  std::string traceparent() const;

  friend bool operator==(const trace_context&, const trace_context&) = default;
};

}  // namespace troupe::rpc
