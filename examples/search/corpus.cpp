#include "corpus.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <unordered_set>

#include <troupe/troupe.hpp>

namespace search {

namespace fs = std::filesystem;

namespace {

struct found_file {
  std::uint64_t rank;
  std::string path;
  std::uintmax_t bytes;
};

/// By its name only: what is surely no prose. The rest is told by its bytes.
bool may_be_prose(const fs::path& path) {
  static constexpr std::array others{".gz",  ".xz",  ".bz2", ".zst",  ".html", ".htm", ".css",
                                     ".js",  ".xml", ".svg", ".json", ".png",  ".pdf", ".ps",
                                     ".map", ".so",  ".a",   ".o",    ".pyc",  ".zip"};
  const auto extension = path.extension().string();
  return std::find(others.begin(), others.end(), extension) == others.end();
}

void add_files(const fs::path& folder, std::uintmax_t file_bytes_max, std::vector<found_file>& to) {
  std::error_code problem;
  fs::recursive_directory_iterator entries(folder, fs::directory_options::skip_permission_denied, problem);
  if (problem) throw std::runtime_error("the corpus " + folder.string() + ": " + problem.message());
  for (; entries != fs::recursive_directory_iterator(); entries.increment(problem)) {
    if (problem) throw std::runtime_error("the corpus " + folder.string() + ": " + problem.message());
    // A file that goes away meanwhile is no reason to stop: whatever cannot be read is left out.
    std::error_code gone;
    if (entries->is_symlink(gone) || !entries->is_regular_file(gone) || !may_be_prose(entries->path()))
      continue;
    const auto bytes = entries->file_size(gone);
    if (gone || bytes == 0 || bytes > file_bytes_max) continue;
    auto path = entries->path().string();
    const auto rank = troupe::hash_of(path);
    to.push_back({rank, std::move(path), bytes});
  }
}

/// The length of the UTF-8 character that begins `text`; 0 where none does. NUL counts as none.
std::size_t character_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const std::size_t bytes = first >= 0xc2 && first < 0xe0   ? 2
                            : first >= 0xe0 && first < 0xf0 ? 3
                            : first >= 0xf0 && first < 0xf5 ? 4
                                                            : 0;
  if (text.size() < bytes) return 0;
  for (std::size_t i = 1; i < bytes; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  return bytes;
}

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto length = character_bytes(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::optional<std::string> read_text(const std::string& path, std::uintmax_t bytes) {
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(bytes), '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size()))) return std::nullopt;
  if (!is_text(text)) return std::nullopt;
  return text;
}

}  // namespace

unsigned shard_of(std::string_view path, unsigned shards) {
  return static_cast<unsigned>(troupe::mix(troupe::hash_of(path)) % shards);
}

std::vector<fs::path> default_folders() {
  std::vector<fs::path> folders;
  for (const auto* each : {"/usr/share/common-licenses", "/usr/share/doc", "/usr/share/perl5"})
    if (fs::is_directory(each)) folders.emplace_back(each);
  if (folders.empty())
    throw std::runtime_error(
        "this system has neither /usr/share/common-licenses nor /usr/share/doc: name a "
        "folder of texts with --corpus");
  return folders;
}

std::vector<document> read_corpus(const std::vector<fs::path>& folders, shard_choice part,
                                  const corpus_limits& limits) {
  std::vector<document> documents;
  std::unordered_set<std::uint64_t> known;
  std::size_t files_left = limits.documents_max;
  std::uintmax_t bytes_left = limits.bytes_max;
  bool any = false;
  for (const auto& folder : folders) {
    std::vector<found_file> files;
    add_files(folder, limits.file_bytes_max, files);
    // By hash, not by name: where the limits cut, what is left is from everywhere.
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
      return a.rank != b.rank ? a.rank < b.rank : a.path < b.path;
    });
    for (auto& file : files) {
      if (files_left == 0) break;
      if (file.bytes > bytes_left) continue;
      --files_left;
      bytes_left -= file.bytes;
      any = true;
      if (shard_of(file.path, part.of) != part.number) continue;
      auto text = read_text(file.path, file.bytes);
      if (!text || !known.insert(troupe::hash_of(*text)).second) continue;
      documents.push_back({std::move(file.path), std::move(*text)});
    }
  }
  if (!any) throw std::runtime_error("there is no text in the corpus " + folders.front().string());
  return documents;
}

}  // namespace search
