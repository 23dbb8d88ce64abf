@0xad0237c629d256a5;
# What every node answers about itself: the service behind the command `troupe`.
#
# It is an ordinary service, hosted by each node under the same name; callers pin the call to the node
# they mean. Durations are microseconds unless a name says otherwise.

using Cxx = import "/capnp/c++.capnp";
using Schema = import "/capnp/schema.capnp";
using Troupe = import "/troupe/annotations.capnp";
$Cxx.namespace("troupe::admin");

interface Admin $Troupe.service("troupe.Admin") $Troupe.timeout("2s") {
  node @0 () -> (node :NodeInfo) $Troupe.safety(readOnly);
  # Who this is.

  members @1 () -> (members :List(Member)) $Troupe.safety(readOnly);
  # Everyone this node knows, itself included.

  services @2 () -> (services :List(ServiceInfo)) $Troupe.safety(readOnly);
  # What this node serves, with its counters.

  describe @3 (service :Text) -> (interfaceId :UInt64, nodes :List(Schema.Node)) $Troupe.safety(readOnly);
  # The schema of a service that this node serves: its interface and everything the interface names.
  # NOT_FOUND when this node does not serve it.

  explain @4 (service :Text) -> (explanation :Explanation) $Troupe.safety(readOnly);
  # How this node's router sees the replicas of a service.

  links @5 () -> (links :List(LinkInfo), counters :List(Counter)) $Troupe.safety(readOnly);
  # This node's connections, and everything that it counts.

  fault @6 (service :Text, delayMicros :UInt64, failPercent :UInt8) -> () $Troupe.safety(idempotent);
  # Makes a service of this node slow or failing, to see what its callers do; zeros end it. Refused as
  # FAILED_PRECONDITION unless the node was started with faults allowed.

  drain @7 (why :Text) -> () $Troupe.safety(idempotent);
  # This node takes no new calls, finishes what it has, leaves, and ends its process.

  policy @8 (service :Text, name :Text) -> () $Troupe.safety(idempotent);
  # How this node's router chooses replicas of the service from now on.
}

struct NodeInfo {
  id @0 :UInt64;
  epoch @1 :UInt64;
  name @2 :Text;
  cluster @3 :Text;
  address @4 :Text;
  pid @5 :UInt32;
  upMicros @6 :UInt64;
  version @7 :Text;
  zone @8 :Text;
}

struct Member {
  id @0 :UInt64;
  epoch @1 :UInt64;
  incarnation @2 :UInt64;
  name @3 :Text;
  address @4 :Text;
  state @5 :Text;
  # alive, suspect, dead, left
  mode @6 :Text;
  # joining, ready, draining
  sinceMicros @7 :UInt64;
  # How long it has been in this state, as seen here.
  accuser @8 :Text;
  # The name of who suspects it; empty when nobody does.
  roundTripMicros @9 :UInt64;
  zone @10 :Text;
  services @11 :List(Text);
}

struct ServiceInfo {
  name @0 :Text;
  interfaceId @1 :UInt64;
  placement @2 :Text;
  inFlight @3 :UInt32;
  limit @4 :UInt32;
  requests @5 :UInt64;
  # Admitted since start.
  refused @6 :UInt64;
  expired @7 :UInt64;
  failed @8 :UInt64;
  # Answered with an error by the service's own code.
  restarts @9 :UInt32;
  queueMicros @10 :UInt32;
  serviceMicros @11 :UInt32;
}

struct Explanation {
  service @0 :Text;
  policy @1 :Text;
  candidates @2 :List(Candidate);
}

struct Candidate {
  node @0 :Text;
  address @1 :Text;
  score @2 :Float64;
  # The weighted sum of the terms; the lowest is chosen.
  terms @3 :List(Term);
  inFlight @4 :UInt32;
  share @5 :Float64;
  # Of the calls of the last 10 s, 0 to 1.
  state @6 :Text;
  # "healthy", or why it is chosen less: "ejected for 3 s: 5 failures in a row".
}

struct Term {
  name @0 :Text;
  value @1 :Float64;
  # In [0, 1].
  weight @2 :Float64;
}

struct LinkInfo {
  node @0 :Text;
  address @1 :Text;
  direction @2 :Text;
  # out or in
  state @3 :Text;
  queuedBytes @4 :UInt64;
  sentBytes @5 :UInt64;
  receivedBytes @6 :UInt64;
}

struct Counter {
  name @0 :Text;
  value @1 :UInt64;
}
