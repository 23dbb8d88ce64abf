@0x940fe95dde5828b9;
# What travels on a link: one TCP connection from a calling node to a serving one.
#
# A link is a sequence of frames in each direction. A frame is an 8-byte header and one Cap'n Proto
# message in the standard stream framing (segment table, then segments), which is always a multiple of
# 8 bytes, so every message starts aligned and is read in place:
#
#   bytes 0..3   length of the message in 8-byte words, little-endian, without the header
#   bytes 4..7   0x54525031: "TRP1" read as a big-endian number, stored little-endian
#
# The root of every message is a `Frame`. A receiver checks the length against its limit (64 MiB unless
# configured) before it allocates, reads with traversal and nesting limits, and closes the link on
# anything that does not fit. The side that connected sends `hello` first; the other answers `welcome`
# or `refusal`. After that the connecting side sends requests, cancels, pings, load queries and a sync's
# messages; the accepting side sends replies, pongs, load answers, a sync's answers and one `goAway` before it
# stops. What not every release understands goes only over links whose two sides both named it (`Feature`).

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::wire::idl");

const protocolVersion :UInt16 = 2;
# Both sides must speak the same. A difference is refused with a text that names both. It is raised only where
# no feature can help: where an older release would misunderstand what every link carries.

enum Feature {
  # What a side may understand beyond the base of the protocol's version. `hello` and `welcome` name all that
  # their sender does; what both name is used on the link, and nothing else is. A number that the receiver does
  # not know is ignored. A number is never given to something else. framework/docs/wire-format.md has how to
  # add one.

  loadQueries @0;
  # `loadQuery` and `loadAnswer`.

  bouncing @1;
  # `Request.bounceAt` and `Failure.bounced`. On a link without it `bounceAt` is 0, and taken for 0.

  presence @2;
  # An `exchange` may begin with a ping (`SyncKind` of gossip.capnp) instead of a sync.
}

struct Frame {
  union {
    hello @0 :Hello;
    welcome @1 :Welcome;
    refusal @2 :Refusal;
    request @3 :Request;
    reply @4 :Reply;
    cancel @5 :UInt64;
    # The attemptId of a request whose answer nobody waits for any more. Advice: the reply may have left.
    ping @6 :UInt64;
    # Answered by `pong` with the same number, before anything queued behind it.
    pong @7 :UInt64;
    goAway @8 :Text;
    # The accepting side will stop: requests under way are finished, new ones go elsewhere. Says why.
    exchange @9 :Data;
    # A message of a membership sync (`Sync` of gossip.capnp, as a message of its own; sealed where gossip is).
    # The connecting side begins, and each is answered before the next. One sync a link.
    loadQuery @10 :LoadQuery;
    # How busy is it there? From the connecting side, which asks so of replicas that it has not called lately:
    # about one question for every two calls that it makes.
    loadAnswer @11 :LoadAnswer;
    # One for each `loadQuery`, at once, however long the service's own queue is.
  }
}

struct Identity {
  node @0 :UInt64;
  epoch @1 :UInt64;
}

struct Hello {
  version @0 :UInt16;
  # Of another version than one's own nothing else is read.
  cluster @1 :Text;
  # 1 to 64 bytes. Nodes of different clusters refuse each other.
  from @2 :Identity;
  # Not 0.
  name @3 :Text;
  # At most 64 bytes.
  features @4 :List(Feature);
  # Absent, which is not the same as empty: loadQueries, bouncing and presence. Releases of version 2 from before
  # there was this list speak those.
}

struct Welcome {
  # As in `Hello`.

  version @0 :UInt16;
  from @1 :Identity;
  name @2 :Text;
  features @3 :List(Feature);
}

struct Refusal {
  code @0 :UInt16;
  # gRPC's numbers, as everywhere.
  text @1 :Text;
}

struct Request {
  attemptId @0 :UInt64;
  # Unique on this link; comes back in the reply.
  callId @1 :UInt64;
  # The same in every attempt of one call: with the caller's identity it names the call in the cluster.
  interfaceId @2 :UInt64;
  method @3 :UInt16;
  # Cap'n Proto's id of the interface that declares the method, and the method's ordinal.
  attempt @4 :UInt8;
  # 1 for the first, and for the one after it where that bounced. A replica with too much to do turns later ones
  # away first.
  criticality @5 :UInt8 = 1;
  # As in annotations.capnp: 0 sheddable, 1 normal, 2 critical. Who is turned away first.
  remainingMicros @6 :UInt64;
  # Time left when it was sent: clocks differ, durations do not. More than 24 h counts as 24 h. Out of time is
  # dropped, not executed.
  service @7 :Text;
  trace @8 :Trace;
  metadata @9 :List(Entry);
  params @10 :AnyPointer;
  bounceAt @11 :UInt32;
  # With so many requests of the service under way there, or more, some of them waiting for their turn, it is not
  # let in but goes back at once (`Failure.bounced`): its caller knows of a replica that is the better one then.
  # 0: it is let in.
}

struct Trace {
  # W3C trace context.
  high @0 :UInt64;
  low @1 :UInt64;
  span @2 :UInt64;
  flags @3 :UInt8;
}

struct Entry {
  key @0 :Text;
  value @1 :Text;
}

struct Reply {
  attemptId @0 :UInt64;
  load @1 :Load;
  union {
    results @2 :AnyPointer;
    failure @3 :Failure;
  }
}

struct Failure {
  code @0 :UInt16;
  executed @1 :Bool;
  # False: the request was refused before any of the service's code saw it, so it may go elsewhere.
  text @2 :Text;
  noRetry @3 :Bool;
  # Of a refusal for overload (RESOURCE_EXHAUSTED, not executed): much of what this replica gets has been
  # refused elsewhere before, so trying again elsewhere is of no use. Of an executed request: its handler
  # passes on such an answer.
  bounced @4 :Bool;
  # Of a request that was not executed: it met as many others as its `bounceAt` says.
}

struct LoadQuery {
  service @0 :Text;
  # One that the node does not serve, or that is being started, is not answered for: no load would read as an
  # idle replica. So an answer may never come, and nobody should wait for it.
}

struct LoadAnswer {
  service @0 :Text;
  load @1 :Load;
}

struct Load {
  # How busy the service on this node was when the reply, or the answer to a query, was written.
  inFlight @0 :UInt32;
  # Requests of the service admitted and not yet answered; in a reply, the one that is answered included.
  workers @1 :UInt32;
  # How many it can execute at once.
  limit @2 :UInt32;
  # How many it admits of critical ones; of normal ones 90%, of sheddable ones 70%.
  queueMicros @3 :UInt32;
  # Time a request waited for its first turn, over about the last ten.
  serviceMicros @4 :UInt32;
  # Worker time of a request, over about the last twenty: from its first turn to its answer, shared by those
  # that were executed at the same time beyond `workers`. Those under way count with what they have taken so
  # far, so that a service that slows down or hangs says so before they are answered.
  draining @5 :Bool;
  overloaded @6 :Bool;
  # It refuses, or is about to.
  yours @7 :UInt32;
  # Of `inFlight`, those that came by this very link.
  serviceAgeMicros @8 :UInt32;
  # How old the evidence for `serviceMicros` is: an idle service learns nothing new.
}
