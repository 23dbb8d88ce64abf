@0xb1c94e07d2a8f653;

using Troupe = import "/troupe/annotations.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("policy");

interface Desk $Troupe.service("policy.Desk") $Troupe.timeout("500ms") {
  ask @0 () -> (from :Text) $Troupe.safety(readOnly);
  # Who answers.
}
