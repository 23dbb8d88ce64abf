@0xb6f4d2a1c3e58790;
# An interface with one of everything that JSON has to say.

using Troupe = import "/troupe/annotations.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("desk");

enum Paper { plain @0; lined @1; }

struct Sheet {
  paper @0 :Paper;
  lines @1 :List(Text);
  at :group {
    row @2 :UInt16;
    column @3 :Int64;
  }
  union {
    blank @4 :Void;
    ink @5 :Float32;
  }
}

interface Drawer $Troupe.safety(readOnly) $Troupe.timeout("2s") {
  open @0 (key :Data $Troupe.affinityKey, gently :Bool) -> (sheets :List(Sheet));
}

interface Desk extends(Drawer) $Troupe.service("test.Desk") {
  put @0 (sheet :Sheet, owner :UInt64 $Troupe.affinityKey) -> () $Troupe.timeout("40ms");
  shut @1 () -> (count :UInt64) $Troupe.safety(idempotent);
}

struct Box {
  flag @0 :Bool;
  tiny @1 :Int8;
  count @2 :UInt32;
  big @3 :Int64;
  huge @4 :UInt64;
  ratio @5 :Float64;
  title @6 :Text;
  bytes @7 :Data;
  grid @8 :List(List(UInt16));
  papers @9 :List(Paper);
  sheets @10 :List(Sheet);
  inner @11 :Box;
  union {
    empty @12 :Void;
    weight @13 :UInt16;
    size :group {
      width @14 :UInt8;
      height @15 :UInt8;
    }
  }
  any @16 :AnyPointer;
}

interface Clerk $Troupe.service("test.Clerk") $Troupe.policy("consistent_hash") $Troupe.safety(readOnly) {
  serve @0 (customer :Text $Troupe.affinityKey) -> (by :Text);
  pack @1 (box :Box) -> (box :Box);
}
