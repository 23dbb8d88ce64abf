@0xb90ac5ad5f11e7be;
# What an interface's author can say about it. Import it as
#
#   using Troupe = import "/troupe/annotations.capnp";
#
# Everything here is optional but `service`: without that annotation an interface is not callable
# through Troupe, and the generator leaves it alone.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::annotations");

annotation service @0xd9eb6aa6f10dbf6b (interface) :Text;
# The name under which replicas register and callers ask: 1 to 128 characters of A-Z a-z 0-9 . _ -

annotation policy @0xb5d3e9a1c7f40862 (interface) :Text;
# By which policy callers choose a replica of the service, where neither their options nor an order to the
# running node say otherwise: "consistent_hash". `capnpc-troupe` refuses a name that is none, and lists them.
# It is the service's own: heirs do not inherit it.

annotation timeout @0xf4b1ac4fb6a3b2c1 (interface, method) :Text;
# How long a call may take in all, attempts included, where the caller gives no deadline: a number and
# a unit, "300ms", "1.5s". A method's goes before its interface's. Default 1s.

enum Safety {
  # May a call be repeated when it is not known whether it was executed?

  unsafe @0;
  # No. A call whose answer was lost fails as UNAVAILABLE. This is the default.

  idempotent @1;
  # Yes: executing it twice has the effect of executing it once.

  readOnly @2;
  # Yes: it changes nothing.
}

annotation safety @0xa3b5c8f1d2e49607 (interface, method) :Safety;
# A method's goes before its interface's.

annotation affinityKey @0xc7e1f5a90b3d2846 (param, field) :Void;
# Calls with equal keys prefer the same replica. On a parameter (or on a field of a parameter struct that
# is named in the method) of an integer, Bool, enum, Text or Data type; one a method.

annotation hedge @0x8f2d6b1e4c7a9503 (interface, method) :Bool;
# A second attempt starts, at another replica, when the first takes longer than 95 of 100 calls of the method
# do; the first answer wins, the other attempt is withdrawn. Only on idempotent or readOnly methods. At most
# one a call, for at most 2% of a caller's calls of the service, within its retry budget, and never while more
# than a quarter of the replicas are overloaded.

annotation backup @0x9c41e7d2b5a06f83 (interface, method) :Bool;
# Whether an attempt of an idempotent or readOnly method that has stalled (several times as slow as 99 of 100)
# gets a second one beside it, at another replica; true unless said. Say false where executing it costs more than
# waiting for it: a report over all orders, a call that waits long on purpose. An attempt that is lost, or whose
# replica has fallen silent, is repeated all the same.

enum Criticality {
  # Who is turned away first when a replica is overloaded.

  sheddable @0;
  normal @1;
  critical @2;
}

annotation criticality @0xe6a4d3c2b1f09785 (interface, method) :Criticality;
# A method's goes before its interface's. Where neither says, a call made in a handler is as critical as the
# call that the handler serves, and any other is normal. Of what a replica may hold, normal requests get 90%
# and sheddable ones 70%, and at the same criticality repeats are turned away before first attempts.
