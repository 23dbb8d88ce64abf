// A trace, as headers of HTTP spell it.
#include <doctest/doctest.h>

#include <troupe/rpc/trace_context.hpp>

using namespace troupe::rpc;

TEST_CASE("a trace is written as a traceparent header") {
  const trace_context some{0x0123456789abcdef, 0xfedcba9876543210, 0xf, 0x1a};
  CHECK(some);
  CHECK(some.traceparent() == "00-0123456789abcdeffedcba9876543210-000000000000000f-1a");
}

TEST_CASE("a trace is one by its id, whatever its span") {
  CHECK_FALSE(trace_context{.span = 7});
  CHECK(trace_context{.high = 1});
  CHECK(trace_context{.low = 1});
}
