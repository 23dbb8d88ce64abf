@0xeb9086ff076ce2ef;
using Troupe = import "/troupe/annotations.capnp";

struct Item {
  name @0 :Text;
}

struct Named {
  first @0 :UInt32 $Troupe.affinityKey;
  detail :group {
    second @1 :UInt32 $Troupe.affinityKey;
  }
}

struct Chosen {
  union {
    none @0 :Void;
    user @1 :Text $Troupe.affinityKey;
  }
}

interface Cart $Troupe.service("shop.Cart") {
  second @0 (user :Text $Troupe.affinityKey, region :Text $Troupe.affinityKey) -> ();
  float @1 (weight :Float64 $Troupe.affinityKey) -> ();
  list @2 (names :List(Text) $Troupe.affinityKey) -> ();
  structure @3 (item :Item $Troupe.affinityKey) -> ();
  nothing @4 (nothing :Void $Troupe.affinityKey) -> ();
  named @5 Named -> Named;
  chosen @6 Chosen -> ();
  result @7 () -> (user :Text $Troupe.affinityKey);
  pointer @8 (any :AnyPointer $Troupe.affinityKey) -> ();
}
