// An inverted index with BM25 ranking: for each word, the documents that hold it and how often.
//
// BM25 scores a document by the sum over the query's words of
//
//   idf(w) * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / mean length)),  idf(w) = ln(1 + (N - n + .5) /
//   (n + .5))
//
// with tf the word's count in the document, n of N documents holding it. A word that few documents hold
// weighs more; its tenth occurrence adds less than its first; a long document needs more of them. Source:
// Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "corpus.hpp"

namespace search {

/// The distinct words of a query, lower case, the first 16 of them.
std::vector<std::string> words_of(std::string_view query);

/// What idf and the mean length are computed from. Sums over shards.
struct statistics {
  std::uint64_t documents = 0;
  std::uint64_t words = 0;
  std::map<std::string, std::uint64_t, std::less<>> holders;  // documents that hold the word

  void add(const statistics& other);
};

struct hit {
  std::uint32_t document = 0;  // an index into documents()
  double score = 0;
};

struct ranking {
  std::vector<hit> best;      // best first
  std::uint32_t matched = 0;  // documents that hold at least one of the words
};

/// Immutable once built.
class index {
 public:
  explicit index(std::vector<document> documents);

  const std::vector<document>& documents() const { return documents_; }
  std::uint64_t fingerprint(std::uint32_t document) const { return fingerprints_[document]; }

  statistics statistics_for(const std::vector<std::string>& words) const;
  /// By the statistics of the corpus that this index is a part of.
  ranking query(const std::vector<std::string>& words, std::size_t limit, const statistics& corpus) const;
  /// About 160 bytes on one line, around the word that is rarest in the corpus of those that the document
  /// holds.
  std::string snippet(std::uint32_t document, const std::vector<std::string>& words,
                      const statistics& corpus) const;

 private:
  struct posting {
    std::uint32_t document;
    std::uint32_t count;
    std::uint32_t first;  // offset of its first occurrence, in bytes: where a snippet is taken
  };
  const posting* find(const std::string& word, std::uint32_t document) const;

  std::vector<document> documents_;
  std::vector<std::uint32_t> lengths_;  // in words
  std::vector<std::uint64_t> fingerprints_;
  std::unordered_map<std::string, std::vector<posting>> postings_;  // by document, ascending
  std::uint64_t words_ = 0;
};

}  // namespace search
