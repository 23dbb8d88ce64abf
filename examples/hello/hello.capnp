@0xd8f2a6c41b7e9035;

using Troupe = import "/troupe/annotations.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("hello");

interface Greeter $Troupe.service("hello.Greeter") $Troupe.timeout("500ms") {
  greet @0 (name :Text) -> (greeting :Text, from :Text) $Troupe.safety(readOnly);
  # Says hello, and who says it.
}
