@0xe6c1f2a05d7b4983;
# What the tests of rooms service and node serve and call.

using Troupe = import "/troupe/annotations.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("lab");

interface Bench $Troupe.service("lab.Bench") $Troupe.timeout("20s") {
  echo @0 (text :Text) -> (text :Text, node :Text) $Troupe.safety(readOnly);
  put @1 (item :Item) -> (pieces :UInt32) $Troupe.safety(idempotent);
  about @2 (key :Text) -> (facts :Facts) $Troupe.safety(readOnly);
  fail @3 (how :Text) -> (text :Text) $Troupe.safety(readOnly);
  hold @4 () -> (facts :Facts) $Troupe.safety(readOnly);
  # Answers when the test says so, or when nobody waits any more.
  block @5 (millis :UInt32) -> () $Troupe.safety(readOnly);
  # Its thread. All ones: until the test says so.
  relay @6 (how :Text) -> (facts :Facts, text :Text) $Troupe.safety(readOnly);
  tally @7 (suspend :Bool) -> () $Troupe.safety(idempotent);
  charge @8 (amount :UInt32) -> (facts :Facts);
  # As hold; unsafe.
  walk @9 (tree :Tree) -> (depth :UInt32) $Troupe.safety(readOnly);
  missing @10 () -> () $Troupe.safety(readOnly);
  bulk @11 (bytes :UInt32, data :Data) -> (data :Data) $Troupe.safety(readOnly);
  minor @12 (how :Text) -> (facts :Facts) $Troupe.safety(readOnly) $Troupe.criticality(sheddable);
  major @13 (how :Text) -> (facts :Facts) $Troupe.safety(readOnly) $Troupe.criticality(critical);
  # What they, or the aide that they ask, saw.
  swift @14 () -> () $Troupe.safety(readOnly) $Troupe.hedge(true);
  # Quick, but on the node that the test has made slow.
}

interface Aide $Troupe.service("lab.Aide") $Troupe.timeout("20s") {
  about @0 (millis :UInt32) -> (facts :Facts) $Troupe.safety(readOnly);
  urgent @1 () -> (facts :Facts) $Troupe.safety(readOnly) $Troupe.criticality(critical);
}

struct Item {
  name @0 :Text;
  pieces @1 :UInt32;
}

struct Tree {
  child @0 :Tree;
}

struct Facts {
  # What the handler saw of its call.
  node @0 :Text;
  callId @1 :Text;
  attempt @2 :UInt32;
  caller @3 :Text;
  trace @4 :Text;
  metadata @5 :Text;
  remainingMicros @6 :Int64;
  criticality @7 :Text;
}
