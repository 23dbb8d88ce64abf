@0xad0237c629d256a5;
# What every node answers about itself: the service behind the command `troupe`.
#
# It is an ordinary service, hosted by each node under the same name; callers pin the call to the node
# they mean. Durations are microseconds unless a name says otherwise.

using Cxx = import "/capnp/c++.capnp";
using Schema = import "/capnp/schema.capnp";
using Troupe = import "/troupe/annotations.capnp";
$Cxx.namespace("troupe::admin");

const anyMethod :UInt16 = 65535;
# Instead of an ordinal: the first method that was measured.

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

  explain @4 (service :Text, method :UInt16 = .anyMethod) -> (explanation :Explanation)
      $Troupe.safety(readOnly);
  # How this node's router sees the replicas of a service, for calls of one method (its ordinal).

  links @5 () -> (links :List(LinkInfo), counters :List(Counter)) $Troupe.safety(readOnly);
  # This node's connections, and everything that it counts.

  fault @6 (service :Text, delayMicros :UInt64, failPercent :UInt8) -> () $Troupe.safety(idempotent);
  # Makes a service of this node slow or failing, to see what its callers do; zeros end it. Refused as
  # FAILED_PRECONDITION unless the node was started with faults allowed.

  drain @7 (why :Text) -> () $Troupe.safety(idempotent);
  # This node takes no new calls, finishes what it has, leaves, and ends its process.

  policy @8 (service :Text, name :Text, weights :List(Weight)) -> () $Troupe.safety(idempotent);
  # How this node's router chooses replicas of the service from now on, until the node ends. Weights that are
  # not named stay as they are.

  explainCall @9 (call :Text) -> (call :RecentCall) $Troupe.safety(readOnly);
  # A recent call that this node made, by its name. NOT_FOUND where another node made it, or where it was not
  # kept: see RecentCall.

  calls @10 (service :Text, most :UInt32 = 20) -> (calls :List(RecentCall)) $Troupe.safety(readOnly);
  # What this node remembers of its calls, newest first; of all services when `service` is empty.

  events @11 (after :UInt64) -> (events :List(MemberEvent), last :UInt64) $Troupe.safety(readOnly);
  # What happened to the members after the event of that number, as this node has seen it, oldest first. A node
  # keeps its last 256 events; `last` is the number of its very last one.

  join @12 (seeds :List(Text)) -> () $Troupe.safety(idempotent);
  # This node asks these too, "HOST:PORT" of nodes of its cluster's name, and remembers them as its seeds. Where
  # it is among others already, both parts become one.

  keys @13 () -> (sealed :Bool, keys :List(GossipKey), kept :Text, problem :Text) $Troupe.safety(readOnly);
  # The gossip keys that this node knows, the primary one first. `sealed`: gossip is. `kept`: the file that they
  # are in, empty where there is none; `problem`: why the last change is not in it.

  orderKeys @14 (order :Data) -> (done :Text) $Troupe.safety(idempotent);
  # A change of the gossip keys, sealed as an order for this life of this node (framework/troupe/crypto) by
  # somebody who has one of the held keys: "install KEY", "use ID", "retire ID", "retire ID compromised". It
  # spreads from here by gossip. UNAUTHENTICATED for an order that does not open.
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
  workerLag @12 :UInt8;
  # How long work waits for its workers, as it says itself: 0, not to mention, to 3, nothing gets done.
  degraded @13 :Bool;
  # Packets to or from it get lost, say enough independent observers.
  observers @14 :List(Text);
  # Their names, also while they are too few.
}

struct GossipKey {
  id @0 :Text;
  standing @1 :Text;
  # held, retired, forgotten
  primary @2 :Bool;
  # It is the one that seals.
  retiredAt @3 :UInt64;
  # Seconds since 1970; 0 while held.
}

struct MemberEvent {
  number @0 :UInt64;
  # From 1 on, without gaps, since the node's start.
  agoMicros @1 :UInt64;
  kind @2 :Text;
  # joined, changed, suspected, refuted, died, left, forgotten
  name @3 :Text;
  id @4 :UInt64;
  epoch @5 :UInt64;
  incarnation @6 :UInt64;
  address @7 :Text;
  state @8 :Text;
  # As it is after the event, and so is the mode.
  mode @9 :Text;
  accuser @10 :Text;
  # The name of who says so, of suspected and died.
  workerLag @11 :UInt8;
  degraded @12 :Bool;
  services @13 :UInt32;
  # How many it serves.
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
  bounced @12 :UInt64;
  # Sent back to callers that know a better replica: it was fuller than they thought.
}

struct Explanation {
  service @0 :Text;
  policy @1 :Text;
  candidates @2 :List(Candidate);
  method @3 :UInt16;
  # The ordinal of the method that the candidates are explained for.
  methods @4 :List(MethodTimes);
}

struct MethodTimes {
  # How long calls of a method took lately, in all attempts that were answered.
  method @0 :UInt16;
  # Its ordinal. 31 stands for all from there on.
  medianMicros @1 :UInt64;
  p99Micros @2 :UInt64;
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

struct Weight {
  term @0 :Text;
  weight @1 :Float64;
}

struct RecentCall {
  # A call that failed, took more than one attempt, was answered with an error, or took longer than 99 of 100;
  # or one in 64 of the others. Each node keeps the last 1024 of each of these.
  name @0 :Text;
  service @1 :Text;
  method @2 :Text;
  policy @3 :Text;
  safety @4 :Text;
  keptFor @5 :Text;
  agoMicros @6 :UInt64;
  # Since it ended.
  tookMicros @7 :UInt64;
  allowedMicros @8 :UInt64;
  code @9 :Text;
  # "OK", or gRPC's name of its failure.
  text @10 :Text;
  # What its caller was told of the failure.
  attempts @11 :List(Attempt);
}

struct Attempt {
  node @0 :Text;
  address @1 :Text;
  score @2 :Float64;
  runnerUp @3 :Float64;
  # The next best score; 0 where there was none.
  candidates @4 :UInt32;
  # How many were compared; 0 where that is not known.
  terms @5 :List(Term);
  # Of the score, when it was chosen; kept of every attempt but most calls' first.
  whyChosen @6 :Text;
  startedMicros @7 :UInt64;
  # After the call began.
  tookMicros @8 :UInt64;
  fate @9 :Text;
  code @10 :Text;
  outcome @11 :Text;
  whatFollowed @12 :Text;
  # Why it was repeated, or not.
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
