@0x9413b446e6a16a3b;
using Troupe = import "/troupe/annotations.capnp";

using Lib = import "lib/broken.capnp";

interface Sub extends(Lib.Base) $Troupe.service("shop.Sub") {
  get @0 ();
}
