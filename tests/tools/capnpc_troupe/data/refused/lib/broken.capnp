@0xaf96ecbf1cfb10f6;
using Troupe = import "/troupe/annotations.capnp";

# Not compiled itself; what is wrong in it is named where it is inherited.
interface Base {
  ping @0 () $Troupe.timeout("soon");
}
