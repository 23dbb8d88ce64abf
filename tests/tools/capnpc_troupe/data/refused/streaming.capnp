@0xebb6a198f1446bea;
using Troupe = import "/troupe/annotations.capnp";

interface Feed $Troupe.service("shop.Feed") {
  push @0 (item :Text) -> stream;
}
