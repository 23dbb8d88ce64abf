@0xc1b7de0f3a5d6241;
# A full-text index over real text, in parts.
#
# The corpus is split into shards; every shard has replicas that hold the same documents. The replicas of
# shard 2 serve the interface Shard as "search.Shard.2": each shard is a service of its own to the router,
# which balances over its replicas and fails over between them. Front asks all shards and merges.

using Troupe = import "/troupe/annotations.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("search");

struct Hit {
  path @0 :Text;
  score @1 :Float64;
  # BM25, comparable between shards when they were asked with the same statistics.
  snippet @2 :Text;
  # One line around the rarest word of the query.
  fingerprint @3 :UInt64;
  # A hash of the document's text: copies of one text have one fingerprint.
}

struct Statistics {
  # What ranking needs to know of a corpus. Statistics of two shards add up, field by field.

  documents @0 :UInt64;
  words @1 :UInt64;
  # In all documents together.
  terms @2 :List(Term);

  struct Term {
    word @0 :Text;
    documents @1 :UInt64;
    # That hold the word.
  }
}

interface Shard $Troupe.service("search.Shard") $Troupe.timeout("500ms") {
  query @0 (text :Text, limit :UInt16 = 10, corpus :Statistics) -> (hits :List(Hit), matched :UInt32)
      $Troupe.safety(readOnly);
  # The best documents of this shard for the words in `text`, best first; `matched` counts all that hold one of
  # them. `limit` is 1 to 100. Without `corpus`, ranks by this shard's own statistics.

  statistics @1 (text :Text) -> (statistics :Statistics) $Troupe.safety(readOnly);
  # For the words in `text`.

  recordClick @2 (path :Text, click :Text) -> (clicks :UInt32);
  # A user followed a hit. Unsafe: counting it twice would be wrong. `click` names the click where the caller
  # has a name for it; else the call's own id does. Answers how often this path was clicked.

  clickReport @3 () -> (clicks :UInt64, executedTwice :UInt64) $Troupe.safety(readOnly);
  # How many clicks were counted, and how many of them more than once (which should be 0): by this replica, or,
  # where it keeps a journal, by all that share the journal, dead ones too.
}

interface Front $Troupe.service("search.Front") $Troupe.timeout("1s") {
  query @0 (text :Text, limit :UInt16 = 10) -> (hits :List(Hit), matched :UInt32, shards :UInt16,
      answered :UInt16, partial :Bool) $Troupe.safety(readOnly);
  # The best documents of the whole corpus. `partial` when a shard did not answer (no replica of it was left):
  # then these are the best of the others. Fails only when no shard answers.

  recordClick @1 (path :Text) -> (clicks :UInt32);
  # Passed on to the shard that holds the document. Unsafe.

  clickReport @2 () -> (clicks :UInt64, executedTwice :UInt64) $Troupe.safety(readOnly);
  # The sum over the shards' reports, one replica of each asked.
}
