#include "index.hpp"

#include <algorithm>
#include <cmath>

#include <troupe/troupe.hpp>

namespace search {

namespace {

constexpr double k1 = 1.2;
constexpr double b = .75;
constexpr std::size_t word_bytes_max = 40;  // beyond it is no word that anybody types
constexpr std::size_t query_words_max = 16;
constexpr std::size_t snippet_before = 60;
constexpr std::size_t snippet_bytes = 160;

/// ASCII letters and digits, and every byte of a character beyond ASCII.
bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Calls `take(word, offset)` for each word, in lower case, until it returns false.
template <class Take>
void each_word(std::string_view text, Take take) {
  std::string word;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word_byte(text[i])) {
      ++i;
      continue;
    }
    const auto begin = i;
    word.clear();
    for (; i < text.size() && is_word_byte(text[i]); ++i) word.push_back(lower(text[i]));
    if (word.size() <= word_bytes_max && !take(word, begin)) return;
  }
}

double idf(const std::string& word, const statistics& corpus) {
  const auto found = corpus.holders.find(word);
  const auto holders = static_cast<double>(found == corpus.holders.end() ? 0 : found->second);
  // Never below zero, also when the replicas of a shard read different corpora.
  return std::log(1 +
                  (std::max(static_cast<double>(corpus.documents), holders) - holders + .5) / (holders + .5));
}

/// [begin, begin + size) moved to where no word is cut, as one line.
std::string one_line(std::string_view text, std::size_t begin, std::size_t size) {
  auto end = std::min(text.size(), begin + size);
  while (begin > 0 && begin < end && !is_space(text[begin - 1])) ++begin;
  while (end < text.size() && end > begin && !is_space(text[end])) --end;
  std::string line;
  for (const char c : text.substr(begin, end - begin)) {
    if (!is_space(c))
      line.push_back(static_cast<unsigned char>(c) < 0x20 ? '?' : c);
    else if (!line.empty() && line.back() != ' ')
      line.push_back(' ');
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

std::vector<std::string> words_of(std::string_view query) {
  std::vector<std::string> words;
  each_word(query, [&](const std::string& word, std::size_t) {
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    return words.size() < query_words_max;
  });
  return words;
}

void statistics::add(const statistics& other) {
  documents += other.documents;
  words += other.words;
  for (const auto& [word, count] : other.holders) holders[word] += count;
}

index::index(std::vector<document> documents) : documents_(std::move(documents)) {
  lengths_.resize(documents_.size());
  for (std::uint32_t i = 0; i < documents_.size(); ++i) {
    fingerprints_.push_back(troupe::hash_of(documents_[i].text));
    each_word(documents_[i].text, [&](const std::string& word, std::size_t offset) {
      auto& holders = postings_[word];
      if (holders.empty() || holders.back().document != i)
        holders.push_back({i, 0, static_cast<std::uint32_t>(offset)});
      ++holders.back().count;
      ++lengths_[i];
      return true;
    });
    words_ += lengths_[i];
  }
}

statistics index::statistics_for(const std::vector<std::string>& words) const {
  statistics known{documents_.size(), words_, {}};
  for (const auto& word : words) {
    const auto found = postings_.find(word);
    known.holders[word] = found == postings_.end() ? 0 : found->second.size();
  }
  return known;
}

ranking index::query(const std::vector<std::string>& words, std::size_t limit,
                     const statistics& corpus) const {
  std::vector<double> scores(documents_.size());
  const auto mean_length =
      std::max(1.0, static_cast<double>(corpus.words) / std::max(1.0, static_cast<double>(corpus.documents)));
  for (const auto& word : words) {
    const auto found = postings_.find(word);
    if (found == postings_.end()) continue;
    const auto weight = idf(word, corpus);
    for (const auto& held : found->second) {
      const auto length = lengths_[held.document] / mean_length;
      scores[held.document] += weight * held.count * (k1 + 1) / (held.count + k1 * (1 - b + b * length));
    }
  }
  ranking ranked;
  for (std::uint32_t i = 0; i < scores.size(); ++i)
    if (scores[i] > 0) ranked.best.push_back({i, scores[i]});
  ranked.matched = static_cast<std::uint32_t>(ranked.best.size());
  const auto kept = std::min(limit, ranked.best.size());
  // Equal scores by path: every replica must give the same answer.
  std::partial_sort(ranked.best.begin(), ranked.best.begin() + static_cast<std::ptrdiff_t>(kept),
                    ranked.best.end(), [this](const hit& one, const hit& other) {
                      return one.score != other.score
                                 ? one.score > other.score
                                 : documents_[one.document].path < documents_[other.document].path;
                    });
  ranked.best.resize(kept);
  return ranked;
}

const index::posting* index::find(const std::string& word, std::uint32_t document) const {
  const auto holders = postings_.find(word);
  if (holders == postings_.end()) return nullptr;
  const auto found =
      std::lower_bound(holders->second.begin(), holders->second.end(), document,
                       [](const posting& one, std::uint32_t wanted) { return one.document < wanted; });
  return found != holders->second.end() && found->document == document ? &*found : nullptr;
}

std::string index::snippet(std::uint32_t document, const std::vector<std::string>& words,
                           const statistics& corpus) const {
  const posting* shown = nullptr;
  double rarest = -1;
  for (const auto& word : words) {
    const auto* held = find(word, document);
    if (held == nullptr || idf(word, corpus) <= rarest) continue;
    shown = held;
    rarest = idf(word, corpus);
  }
  const std::size_t place = shown == nullptr ? 0 : shown->first;
  return one_line(documents_[document].text, place < snippet_before ? 0 : place - snippet_before,
                  snippet_bytes);
}

}  // namespace search
