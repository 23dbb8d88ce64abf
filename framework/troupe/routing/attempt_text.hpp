// What became of an attempt and why another one followed or not, in words: errors, `troupe explain` and logs
// say the same thing in the same way.
#pragma once

#include <string>

#include <troupe/routing/call.hpp>
#include <troupe/rpc/safety.hpp>

namespace troupe::routing {

/// "refused, not executed: overloaded", "no answer: connection lost after sending", "OK".
std::string outcome_text(const attempt_record& of);

/// Why one attempt was needed after `of`, or why none followed: "tried elsewhere: it was not executed", "not
/// repeated: it may have been executed, and the method is unsafe". `next` is the following attempt, null
/// after the last one.
std::string sequel_text(const attempt_record& of, const attempt_record* next, rpc::safety declared);

}  // namespace troupe::routing
