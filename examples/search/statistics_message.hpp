// Corpus statistics between their struct and their message.
#pragma once

#include "index.hpp"
#include "search.troupe.hpp"

namespace search {

inline statistics read_statistics(Statistics::Reader from) {
  statistics read{from.getDocuments(), from.getWords(), {}};
  for (const auto term : from.getTerms()) read.holders[term.getWord().cStr()] = term.getDocuments();
  return read;
}

inline void write_statistics(const statistics& from, Statistics::Builder to) {
  to.setDocuments(from.documents);
  to.setWords(from.words);
  auto terms = to.initTerms(static_cast<capnp::uint>(from.holders.size()));
  capnp::uint next = 0;
  for (const auto& [word, documents] : from.holders) {
    terms[next].setWord(word);
    terms[next++].setDocuments(documents);
  }
}

}  // namespace search
