@0xd8608fefcb91ce37;
using Troupe = import "/troupe/annotations.capnp";

interface Listener {
  tell @0 (what :Text);
}

struct Node {
  next @0 :Node;
  listeners @1 :List(Listener);
}

struct Item {
  nodes @0 :List(List(Node));
  detail :group {
    callback @1 :Listener;
  }
}

struct Box(T) {
  content @0 :T;
}

struct Any {
  any @0 :AnyPointer;
  capability @1 :Capability;
}

interface Cart $Troupe.service("shop.Cart") {
  listen @0 (to :Listener) -> (cart :Cart);
  deep @1 (harmless :Text, item :List(Item)) -> ();
  boxed @2 (fine :Box(Text), box :Box(Listener)) -> ();
  any @3 Any -> (capability :Capability);
  fine @4 (any :AnyPointer, list :AnyList) -> (recursive :Box(Box(Text)));
}
