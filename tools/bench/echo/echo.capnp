@0xc5a1e07b93d24f68;
# What the echo benchmark calls: 64 bytes there and back. Served by Troupe and, as it is an ordinary
# interface, by Cap'n Proto's own RPC; echo.proto is the same for gRPC.

using Troupe = import "/troupe/annotations.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bench");

interface Echo $Troupe.service("bench.Echo") $Troupe.safety(idempotent) {
  echo @0 (id :UInt64, body :Data) -> (id :UInt64, body :Data);
}

interface Driver $Troupe.service("bench.Driver") $Troupe.timeout("5m") {
  # Hosted by the client itself, to make its calls from an actor.

  drive @0 ();
  # One of the calls in flight, again and again until the measurement is over.
}
