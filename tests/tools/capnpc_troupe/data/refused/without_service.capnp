@0x9fe0f51bf17fd374;
using Troupe = import "/troupe/annotations.capnp";

interface Cart $Troupe.timeout("1s") {
  get @0 () $Troupe.safety(readOnly);
  add @1 () $Troupe.hedge(true) $Troupe.criticality(critical);
  plain @2 ();
}
