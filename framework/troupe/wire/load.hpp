// The load report that replies and load answers carry: `Load` of idl/troupe/call.capnp. For the codec.
#pragma once

#include <troupe/call.capnp.h>
#include <troupe/rpc/load_report.hpp>

namespace troupe::wire {

/// Durations travel as microseconds, at most 2^32 - 1; `age` does not travel.
void write(idl::Load::Builder to, const rpc::load_report& what);
rpc::load_report read(idl::Load::Reader from);

}  // namespace troupe::wire
