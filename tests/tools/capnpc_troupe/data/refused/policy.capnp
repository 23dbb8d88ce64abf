@0xd375c64fbd69fe3b;
using Troupe = import "/troupe/annotations.capnp";

interface Twice $Troupe.service("shop.Twice") $Troupe.policy("random") $Troupe.policy("round_robin") {
  get @0 ();
}
interface Base $Troupe.policy("random") {
  get @0 ();
}
interface Heir extends(Base) $Troupe.service("shop.Heir") {}
