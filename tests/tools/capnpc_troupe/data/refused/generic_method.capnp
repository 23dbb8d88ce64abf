@0xade47ddebde5c099;
using Troupe = import "/troupe/annotations.capnp";

struct Box(T) {
  content @0 :T;
}

interface Cart $Troupe.service("shop.Cart") {
  swap @0 [T] (from :T) -> (to :T);
  box @1 Box(Text) -> ();
}
