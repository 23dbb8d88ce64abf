// Whether one failed attempt may be followed by another: one table over how far it got and what the
// interface's author promised. Everything else (budget, backoff, counts) only ever says "not now".
#pragma once

#include <cstdint>

#include <troupe/retry/fate.hpp>
#include <troupe/rpc/safety.hpp>

namespace troupe::retry {

enum class verdict : std::uint8_t {
  at_once,         // nothing happened anywhere: try again, free, until the deadline
  free_once,       // not executed: the first such failover of a call is free, later ones cost budget
  from_budget,     // maybe executed, and repeating is harmless: costs budget
  not_repeatable,  // maybe executed, and repeating might do harm: the call fails
  final_answer,    // executed: what came back is the result
};

constexpr verdict decide(fate reached, rpc::safety declared) {
  switch (reached) {
    case fate::never_sent:
    case fate::bounced:
      return verdict::at_once;
    case fate::refused:
      return verdict::free_once;
    case fate::answered:
      return verdict::final_answer;
    case fate::lost:
      break;
  }
  switch (declared) {
    case rpc::safety::idempotent:
    case rpc::safety::read_only:
      return verdict::from_budget;
    case rpc::safety::unsafe:
      break;
  }
  return verdict::not_repeatable;  // also for a number from the wire that is none of these
}

/// May two attempts of one call be under way at once?
constexpr bool may_overlap(rpc::safety declared) {
  return decide(fate::lost, declared) == verdict::from_budget;
}

}  // namespace troupe::retry
