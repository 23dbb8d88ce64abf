@0xe4a1c70d5b92f386;
# What the benchmark of goodput calls: work that keeps its actor to itself.

using Troupe = import "/troupe/annotations.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bench");

interface Busy $Troupe.service("bench.Busy") $Troupe.timeout("10s") {
  work @0 () -> ();
  # Takes as long as its server was told.
}
