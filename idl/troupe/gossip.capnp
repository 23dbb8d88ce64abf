@0x856396ccfb122579;
# What nodes tell each other about who is there, version 1. This file is the specification.
#
# A Packet is one UDP datagram: one Cap'n Proto message in the standard stream framing, one segment, not
# packed, and nothing around it. A Sync is one message on a stream between two nodes. How a node must react
# to either is in framework/docs, "the life of a gossip round". Where the cluster has gossip keys, both travel
# sealed, message by message: framework/troupe/crypto/sealing.hpp has the layout.
#
# Whoever receives either checks `protocol` and `cluster` first, and drops what is not its own. All else
# is untrusted: texts and lists have bounds, given below, and a message beyond one of them is dropped
# whole.
#
# Addresses are IPv6, or IPv4 mapped into it (::ffff:a.b.c.d): `high` holds the first eight bytes in
# network order, `low` the others. The port is the same for UDP and TCP; 0 means absent.
#
# A node is named by `node` (a hash of its cluster's and its own name, never 0) and `epoch` (microseconds
# of wall clock when its process started): the same node with a higher epoch is a restart, which
# supersedes the earlier process at once.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("troupe::wire::idl");

const gossipProtocol :UInt16 = 1;
# Raised when an older node could misunderstand. Nodes of different versions do not hear each other.

enum PacketKind {
  ping @0;
  # `target` must answer with an ack of the same sequence. A ping whose target is another process than
  # its receiver is not answered; one for an earlier epoch of its receiver is answered with gossip.

  pingRequest @1;
  # The receiver pings `target` at `addressHigh`, `addressLow` in the sender's place and passes the ack on, with the
  # request's sequence. Without an ack in time it sends a nack, and still passes a later ack on.

  ack @2;
  # `target` is alive.

  nack @3;
  # The receiver of a pingRequest is alive; its target has not answered so far.

  gossip @4;
  # Nothing but updates.
}

struct Packet {
  protocol @0 :UInt16;
  kind @1 :PacketKind;
  cluster @2 :UInt64;
  # XXH3-64 of the cluster's name.

  from :group {
    node @3 :UInt64;
    epoch @4 :UInt64;
    high @5 :UInt64;
    low @6 :UInt64;
    port @7 :UInt16;
    # Where the sender listens, and wants its answer.
  }
  sequence @8 :UInt64;
  # Of a ping or pingRequest, repeated in its ack and nack. Chosen by the sender, never twice in an epoch.

  target :group {
    node @9 :UInt64;
    epoch @10 :UInt64;
    # ping, pingRequest: who must answer. ack, nack: who was probed.

    high @11 :UInt64;
    low @12 :UInt64;
    port @13 :UInt16;
    # pingRequest only: where the target listens.
  }
  digest @14 :UInt64;
  # ping, ack: the sum, modulo 2^64, over the members that the sender holds alive or suspect, of a hash of
  # (node, epoch, incarnation, registrationVersion):
  #   mix(node ^ mix(epoch ^ mix(incarnation ^ mix(registrationVersion + 1)))), mix = splitmix64's finaliser.
  # Equal digests mean equal views. An ack to a ping with another one repeats the latest news. Several different
  # ones in a row are a reason for a sync.

  updates @15 :List(Update);
  # If the sender suspects its receiver, or holds it dead, the first of them says so: the receiver refutes.
}

enum State {
  alive @0;
  suspect @1;
  dead @2;
  left @3;
}

enum Mode {
  joining @0;
  # Not serving yet.
  ready @1;
  draining @2;
  # Takes no new calls.
}

struct Update {
  # One claim about one node. Of two claims the one with the higher epoch holds; within an epoch, `left`
  # holds over everything; else the higher incarnation; else the worse state. Only the node itself raises
  # its incarnation: to refute a suspicion or a death, and when its mode, workerLag or list of lossy peers changes.

  node @0 :UInt64;
  epoch @1 :UInt64;
  incarnation @2 :UInt64;
  # At most 2^31.

  state @3 :State;
  mode @4 :Mode;
  port @5 :UInt16;
  addressHigh @6 :UInt64;
  addressLow @7 :UInt64;
  accuser @8 :UInt64;
  # suspect, dead: the node that says so. Otherwise 0.

  registrationVersion @9 :UInt64;
  # The document that the teller holds, here or not. A receiver with an older one fetches it by a
  # sync with the teller when the packet had no room for it. 0: none was ever published.

  name @10 :Text;
  # 1 to 64 bytes, unique in the cluster.

  document @11 :Registration;

  workerLag @12 :UInt8;
  # How far the node's own dispatcher lags: 0, it keeps up, to 3. Raises its incarnation when it changes.

  accuserHealth @13 :UInt8;
  # suspect, dead: how unwell the accuser was when it said so; 0 is healthy. Others give less on its word.

  lossy @14 :List(UInt64);
  # Nodes that this one sees packets lost to or from, ascending, at most 8. Raises its incarnation when it
  # changes. A node that several others list is degraded: it gets less work, and keeps its place.
}

struct Registration {
  # What a node offers, written by itself, replaced as a whole by a higher version within its epoch.

  version @0 :UInt64;
  zone @1 :Text;
  # At most 64 bytes; empty: unknown.

  services @2 :List(Service);
  # At most 1,024.
}

struct Service {
  name @0 :Text;
  # 1 to 128 bytes.

  interfaceId @1 :UInt64;
  weight @2 :UInt32;
  # 1 to 10,000.
}

enum SyncKind {
  open @0;
  turn @1;
  busy @2;
  ping @3;
  pong @4;
}

struct Sync {
  # One message of a sync, on a stream between two nodes: they find out where their views differ and tell each
  # other only that. At most 256 KiB. The initiator begins, and then each side answers each message with
  # exactly one, until one neither asks for an answer nor promises more. An `open` asks for an answer, and so
  # does a turn with `sums`, `covered`, `digests`, `wants`, `facts` or `more`.
  #
  # Members are in 2^level ranges by the highest `level` bits of mix(node), mix as for Packet's digest. The
  # settled sum of a range is the sum that Packet's digest is, over the range's members.
  #
  # Answers: to `sums`, finer sums of the ranges whose own sum is another, or the digests of one's members in
  # them; to `digests`, the facts that the other side lacks, and `wants`; to `wants`, those facts; to `facts`,
  # what the receiver knows better.

  protocol @0 :UInt16;
  kind @1 :SyncKind;
  # open: the first message. turn: any later one. busy: instead of the first turn: ask one of `others`, this
  # node is busy with other syncs. ping: instead of open, from whoever cannot reach `target` by packets;
  # answered by pong, if this is `target`.

  bits @2 :UInt8;
  # open: the finest level of this sync, 4 to 10: about 16 members a bucket.
  sumsLevel @3 :UInt8;
  coveredLevel @4 :UInt8;
  more @5 :Bool;
  # There is more to say, in the sender's next turn. Not in a message that says nothing.

  cluster @6 :UInt64;
  node @7 :UInt64;
  epoch @8 :UInt64;
  # Who sends it. Both 0: an observer, which only asks.
  targetNode @9 :UInt64;
  targetEpoch @10 :UInt64;
  # ping only.
  digest @11 :UInt64;
  # open: as in an ack. Equal to the receiver's: there is nothing to sync.
  members @12 :UInt32;
  # open: how many the sender knows, in all states. Whoever knows fewer is the one who sends digests.

  sums @13 :List(UInt64);
  sumRanges @14 :List(UInt16);
  # Of as many ranges of `sumsLevel`, ascending. In open: all of the lower of `bits` and 5.

  covered @15 :List(UInt16);
  # Ranges of `coveredLevel`, ascending: all members that the sender knows in them are among `digests`.
  digests @16 :List(Digest);
  wants @17 :List(Want);
  facts @18 :List(Update);
  tombstones @19 :List(Digest);
  # Who is dead or has left, where the receiver knows the rest, or need not know it.
  others @20 :List(Address);
  # busy only; at most 8.
}

struct Digest {
  node @0 :UInt64;
  epoch @1 :UInt64;
  incarnation @2 :UInt64;
  registrationVersion @3 :UInt64;
  state @4 :State;
}

struct Want {
  node @0 :UInt64;
  registrationVersion @1 :UInt64;
  # Of the document that the asker holds already; 0: none.
}

struct Address {
  high @0 :UInt64;
  low @1 :UInt64;
  port @2 :UInt16;
}
