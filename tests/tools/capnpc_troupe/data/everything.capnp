@0xb90ac5ad5f11e002;
# What the generator supports, in one schema: the golden beside it is compiled by the tests.

using Troupe = import "/troupe/annotations.capnp";
using Cxx = import "/capnp/c++.capnp";
using Lib = import "lib/base.capnp";
$Cxx.namespace("acme::troupe");  # a name to stumble over

enum Color {
  red @0;
  blackAndWhite @1;
  default @2;
}

struct Box(T) {
  content @0 :T;
  size @1 :UInt64;
  enum Lid { open @0; closed @1; }
}

struct Tree {
  # Recursive.
  label @0 :Text;
  children @1 :List(Tree);
  boxed @2 :Box(Tree);
}

struct Query $Cxx.name("Question") {
  owner :group {
    id @0 :UInt64 $Troupe.affinityKey;
    kind :union {
      person @1 :Text;
      class @2 :Void;
    }
  }
  union {
    tree @3 :Tree;
    number @4 :Int8;
  }
}

struct Outer {
  x @0 :Int8;

  interface Inner $Troupe.service("everything.Outer.Inner") {
    # Named like C++'s keywords, like the generated classes' own members and like their arguments.
    delete @0 (class :Text, new :UInt32) -> (operator :Int32);
    namespace @1 (namespace :Color $Troupe.affinityKey) -> ();
    descriptor @2 (descriptor :Bool, start :Bool);
    interface @3 (interface :Int8);
    dispatch @4 (ctx :Int16, params :UInt16);
    start @5 (std :Int32, troupe :Text, assign :Data, this :Text) -> ();
    client @6 (call :Float32, client :Float64) -> ();
    call @7 (call :Text) -> ();
    context @8 (build :Data $Troupe.affinityKey) -> ();
    task @9 (capnp :Text) -> ();

    struct Local { a @0 :Text; }
    local @10 Local -> Local;

    interface Deep extends(Lib.Base) $Troupe.service("everything.Deep") {
      dig @0 (depth :Int64 $Troupe.affinityKey);
    }
  }
}

interface Scalars $Troupe.service("everything.Scalars") {
  all @0 (
      nothing :Void, yes :Bool, a :Int8, b :Int16, c :Int32, d :Int64, e :UInt8, f :UInt16, g :UInt32,
      h :UInt64, i :Float32, j :Float64, text :Text = "preset", data :Data, color :Color = red) -> (sum :Float64);
  none @1 ();
  onlyVoid @2 (nothing :Void) -> ();
  lid @3 (lid :Box(Text).Lid) -> ();
  keyed @4 (key :Bool $Troupe.affinityKey) -> ();
}

interface Shapes $Troupe.service("everything.Shapes") $Troupe.criticality(sheddable) {
  query @0 Query -> Lib.Named $Troupe.hedge(true) $Troupe.safety(readOnly);
  named @1 Lib.Named -> Query $Troupe.criticality(critical);
  lists @2 (numbers :List(Int32), trees :List(Tree), colors :List(Color)) -> (box :Box(List(Text)));
  pointers @3 (any :AnyPointer, structure :AnyStruct, list :AnyList) -> (any :AnyPointer);
  renamed @4 (x :Text $Cxx.name("betterX") $Troupe.affinityKey) -> () $Cxx.name("betterName");
}

interface Left extends(Lib.Base) $Troupe.service("everything.Left") $Troupe.timeout("2m") {
  left @0 ();
}

interface Right extends(Lib.Base) $Troupe.timeout("1h") $Troupe.safety(idempotent) {
  # No service of its own: its annotations count where it is inherited.
  right @0 () $Troupe.hedge(true);
}

interface Diamond extends(Left, Right, Outer.Inner.Deep) $Troupe.service("everything.Diamond")
    $Cxx.name("Rhombus") {
  tip @0 ();
}

interface Alone $Troupe.service("everything.Alone") $Troupe.policy("round_robin") {}

interface NoService {
  # Left alone, whatever it says.
  subscribe @0 (to :NoService) -> stream;
}
