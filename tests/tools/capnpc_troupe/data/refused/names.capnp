@0x86a3209ca6233255;
using Troupe = import "/troupe/annotations.capnp";

using Cxx = import "/capnp/c++.capnp";

interface Cart $Troupe.service("shop.Cart") {
  get @0 ();
}

struct CartService {}

interface Base {
  get @0 (key :Text);
}

interface Both extends(Cart, Base) $Troupe.service("shop.Both") {
  put @0 ();
  store @1 () $Cxx.name("put");
}

struct Outer {
  interface Inner $Troupe.service("shop.Inner") {}
}

interface OuterInner $Troupe.service("shop.OuterInner") {}
