// What an interface's author declares about a method, as one value: read from the annotations in the IDL,
// kept in generated code, copied whole into each call, and acted on by the router.
//
// Adding a fact: an annotation in idl/troupe/annotations.capnp, a member here, an entry in the table of
// declared_trait.cpp, and whatever acts on it. What reads schemas, generates code and shows interfaces works
// from that table.
#pragma once

#include <chrono>
#include <optional>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/rpc/criticality.hpp>
#include <troupe/rpc/safety.hpp>

namespace troupe::rpc {

struct method_traits {
  rpc::safety safety = rpc::safety::unsafe;
  hedging hedge = hedging::off;                 // acted on where the safety allows it
  backing backup = backing::on;                 // the same
  std::optional<rpc::criticality> criticality;  // none: that of the call that is being answered, or normal
  duration timeout = std::chrono::seconds(1);   // for the whole call, attempts included

  constexpr rpc::criticality criticality_or_normal() const {
    return criticality.value_or(rpc::criticality::normal);
  }

  friend bool operator==(const method_traits&, const method_traits&) = default;
};

/// Errors: invalid_argument, where two of them contradict each other.
result<void> validate(const method_traits& declared);

}  // namespace troupe::rpc
