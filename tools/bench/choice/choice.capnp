@0xb1d7e35f0c8a6294;
# What the benchmark of choices calls: work that takes its time without the processor, at replicas that can
# be made slow or failing.

using Troupe = import "/troupe/annotations.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bench");

interface Work $Troupe.service("bench.Work") $Troupe.timeout("1s") {
  repeatable @0 (number :UInt64, micros :UInt32) -> ()
      $Troupe.safety(idempotent) $Troupe.hedge(true);
  # Takes so long, times the replica's slowness. The router may do all that it can: retries, backups, hedges.

  once @1 (number :UInt64, micros :UInt32) -> ();
  # The same, unsafe: after a good or a bad choice there is nothing to be done.

  behave @2 (slowness :Float64, failing :Bool) -> () $Troupe.safety(idempotent);
  # From now on. One replica's: callers pin it. A failing replica answers INTERNAL at once.
}
