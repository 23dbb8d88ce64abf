@0xa0b26c1c9f767c45;
using Troupe = import "/troupe/annotations.capnp";

interface Cache(Key) $Troupe.service("shop.Cache") {
  get @0 (key :Key) -> ();
}

interface Texts extends(Cache(Text)) $Troupe.service("shop.Texts") {}

struct Outer(T) {
  interface Inner $Troupe.service("shop.Inner") {}
}
