// The documents to index: every file below some folders that holds plain text. Each shard reads the same list
// and keeps its own part of it, so that nobody has to hand documents out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace search {

struct document {
  std::string path;
  std::string text;  // valid UTF-8, no NUL
};

/// Keeps start-up at about a second, whatever folder is given.
struct corpus_limits {
  std::size_t documents_max = 4000;
  std::uintmax_t bytes_max = 20u << 20;       // of all documents together
  std::uintmax_t file_bytes_max = 256 << 10;  // larger files are left out
};

/// A part of the corpus: documents whose path hashes to `number`, of `of` parts. number < of.
struct shard_choice {
  unsigned number = 0;
  unsigned of = 1;
};

/// The shard that holds the document of this path, 0 to shards - 1. Every node computes the same.
unsigned shard_of(std::string_view path, unsigned shards);

/// License texts and documentation, as every Debian system has them.
std::vector<std::filesystem::path> default_folders();

/// The part's documents, each text once. Where the limits cut the corpus, a uniform choice is left, the same
/// in every process. Throws std::runtime_error where a folder cannot be read, or nothing in any of them is
/// text.
std::vector<document> read_corpus(const std::vector<std::filesystem::path>& folders, shard_choice part,
                                  const corpus_limits& limits = {});

}  // namespace search
