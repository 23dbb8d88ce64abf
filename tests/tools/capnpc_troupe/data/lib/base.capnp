@0xb90ac5ad5f11e001;

using Troupe = import "/troupe/annotations.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("lib::v1");

struct Named {
  first @0 :Text $Troupe.affinityKey;
  list @1 :List(List(Text));
  anything @2 :AnyPointer;
}

# Inherited by services of other files.
interface Base $Troupe.service("lib.Base") $Troupe.safety(readOnly) $Troupe.timeout("50ms") {
  ping @0 ();
  version @1 () -> (text :Text) $Troupe.timeout("1.5s");
}
