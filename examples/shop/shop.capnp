@0xe5a09c3b7d1f4862;
# A shop of three services that call one another.

using Troupe = import "/troupe/annotations.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("shop");

struct Item {
  name @0 :Text;
  # "tea"
  count @1 :UInt32 = 1;
}

interface Cart $Troupe.service("shop.Cart") $Troupe.timeout("300ms")
    $Troupe.policy("consistent_hash") {
  # A cart is where it was filled, so the user, not the load, decides where calls go.

  get @0 (user :Text $Troupe.affinityKey) -> (items :List(Item), servedBy :Text) $Troupe.safety(readOnly);

  add @1 (user :Text $Troupe.affinityKey, item :Item) -> (count :UInt32) $Troupe.safety(idempotent);
  # Puts an item into the cart: `item.count` is how many of it there are from now on, not how many more, so that
  # doing it twice is doing it once. Answers the number of all things in the cart.

  checkout @2 (user :Text $Troupe.affinityKey) -> (orderId :Text, totalCents :UInt64) $Troupe.timeout("1s");
  # Reserves the goods, charges the user, empties the cart. Unsafe: never executed twice. Where it fails, the
  # cart is as it was; where it cannot be known whether the user was charged, it says so and keeps the goods
  # reserved.
}

interface Inventory $Troupe.service("shop.Inventory") $Troupe.timeout("300ms") $Troupe.safety(idempotent)
    $Troupe.policy("consistent_hash") {
  # Each replica is a warehouse with goods of its own. An order's id brings it to one and the same warehouse.

  reserve @0 (orderId :Text $Troupe.affinityKey, items :List(Item)) -> (totalCents :UInt64);
  # All of it or nothing. A second time for an order, it answers the same and takes nothing.

  release @1 (orderId :Text $Troupe.affinityKey) -> ();
  # Puts back what the order has reserved, if anything.

  stock @2 (item :Text) -> (count :UInt32, cents :UInt32) $Troupe.safety(readOnly);
  # How many of it one warehouse has, and the price of one.
}

interface Payment $Troupe.service("shop.Payment") $Troupe.timeout("500ms")
    $Troupe.policy("consistent_hash") {
  charge @0 (user :Text, cents :UInt64, orderId :Text $Troupe.affinityKey) -> (receipt :Text);
  # Unsafe: nobody wants to be charged twice.

  find @1 (orderId :Text $Troupe.affinityKey) -> (receipt :Text) $Troupe.safety(readOnly);
  # NOT_FOUND where this replica did not charge for the order.

  report @2 () -> (charges :List(Charge), executedTwice :UInt32) $Troupe.safety(readOnly);
  # What one replica has charged (the last 10,000), and how many calls it was told to execute more than once,
  # which should be 0. Ask each replica: `.on(node)`.

  struct Charge {
    callId @0 :Text;
    orderId @1 :Text;
    user @2 :Text;
    cents @3 :UInt64;
  }
}
