@0xd5b1e7a2f0c34981;

using Troupe = import "/troupe/annotations.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("shop");

struct Item {
  name @0 :Text;
  count @1 :UInt32;
}

interface Cart $Troupe.service("shop.Cart") $Troupe.timeout("300ms") {
  get @0 (user :Text $Troupe.affinityKey) -> (items :List(Item)) $Troupe.safety(readOnly);
  add @1 (user :Text $Troupe.affinityKey, item :Item) -> (count :UInt32) $Troupe.safety(idempotent);
  checkout @2 (user :Text $Troupe.affinityKey) -> (orderId :Text);
}
