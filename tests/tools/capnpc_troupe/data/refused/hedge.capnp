@0xe3529c3b77330bdb;
using Troupe = import "/troupe/annotations.capnp";

interface Cart $Troupe.service("shop.Cart") $Troupe.hedge(true) {
  get @0 () $Troupe.safety(readOnly);
  checkout @1 ();
  quiet @2 () $Troupe.hedge(false);
}
