@0xd375c64fbd69fe29;
using Troupe = import "/troupe/annotations.capnp";

interface Cart $Troupe.service("shop.Cart") $Troupe.timeout("fast") {
  noUnit @0 () $Troupe.timeout("300");
  zero @1 () $Troupe.timeout("0s");
  negative @2 () $Troupe.timeout("-1s");
  tooLong @3 () $Troupe.timeout("25h");
  spaced @4 () $Troupe.timeout("300 ms");
  twice @5 () $Troupe.timeout("1s") $Troupe.timeout("2s");
  fine @6 () $Troupe.timeout("1.5s");
}
