// Scenario files, whatever they are about: TOML tables read key by key, every error naming the file, the
// line, the key and the bound; and files that stand for many cells.
//
// A file's own keys are what all of its cells have in common. Each [[cell]] overrides some of them, and
// [grid] multiplies: every combination of the values that it lists is a cell. Only the readers include this.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <toml++/toml.h>

#include <troupe/base/nearest_name.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

#include "aim.hpp"

namespace troupe::simulator {

/// The file's name, where its keys are, and the first thing that was wrong.
///
/// Cells are merged copies, and a copy of a TOML value does not know its line any more: so the lines are
/// noted before. A key that is written in several places is in one of these lines.
struct complaints {
  std::string file;
  std::map<std::string, std::set<toml::source_index>> lines;
  std::optional<error> first;

  void note(const toml::table& table, const std::string& path);
  void add(const std::string& path, const std::string& what);
};

template <class E>
struct named {
  const char* name;
  E value;
};

/// One table: each key is read once; `done` complains of those that nobody read.
class section {
 public:
  section(const toml::table* table, std::string path, complaints& to)
      : table_(table), path_(std::move(path)), to_(to) {}

  bool has(const char* key) const { return table_ != nullptr && table_->contains(key); }
  const toml::node* node(const char* key) {
    known_.emplace_back(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }
  section sub(const char* key) {
    const auto* found = node(key);
    if (found != nullptr && !found->is_table()) wrong(key, "a table: write [" + path_ + key + "]");
    return {found == nullptr ? nullptr : found->as_table(), path_ + key + ".", to_};
  }

  void number(const char* key, double& into, double low, double high) {
    const auto* found = node(key);
    if (found == nullptr) return;
    const auto read = found->value<double>();
    if (!read || !(*read >= low && *read <= high)) return wrong(key, bounds("a number", low, high));
    into = *read;
  }
  void count(const char* key, std::uint32_t& into, std::uint32_t low, std::uint32_t high) {
    const auto* found = node(key);
    if (found == nullptr) return;
    const auto read = found->value_exact<std::int64_t>();
    if (!read || *read < low || *read > high) return wrong(key, bounds("a whole number", low, high));
    into = static_cast<std::uint32_t>(*read);
  }
  /// All keys, with tables among them as dotted names, for options of ours. `read` adds one to `into`, by
  /// its name and its value as a text, or gives an error.
  template <class Into, class Read>
  void settings(Into& into, Read read) {
    if (table_ != nullptr) settings_in(*table_, "", into, read);
  }
  void time(const char* key, duration& into, duration low = duration{0}) {
    const auto* found = node(key);
    if (found == nullptr) return;
    const auto text = found->value_exact<std::string>();
    const auto read = text ? parse_duration(*text) : result<duration>(duration{-1});
    if (!read || *read < low) return wrong(key, "a time such as \"40ms\", at least " + format_duration(low));
    into = *read;
  }
  void text(const char* key, std::string& into) {
    const auto* found = node(key);
    if (found == nullptr) return;
    const auto read = found->value_exact<std::string>();
    if (!read) return wrong(key, "a text in quotes");
    into = *read;
  }
  void numbers(const char* key, std::vector<double>& into, double low, double high) {
    list(
        key,
        [&](const toml::node& each) {
          const auto read = each.value<double>();
          if (!read || !(*read >= low && *read <= high))
            return wrong(key, "a list; in it, " + bounds("numbers", low, high));
          into.push_back(*read);
        },
        [&] { into.clear(); });
  }
  void texts(const char* key, std::vector<std::string>& into) {
    list(
        key,
        [&](const toml::node& each) {
          const auto read = each.value_exact<std::string>();
          if (!read) return wrong(key, "a list of texts in quotes");
          into.push_back(*read);
        },
        [&] { into.clear(); });
  }
  template <class E, std::size_t Count>
  void choice(const char* key, E& into, const named<E> (&names)[Count]) {
    const auto* found = node(key);
    if (found == nullptr) return;
    const auto read = found->value_exact<std::string>();
    std::string all;
    for (const auto& each : names) {
      if (read && *read == each.name) return void(into = each.value);
      all.append(all.empty() ? "" : ", ").append(each.name);
    }
    wrong(key, "one of " + all);
  }
  /// Calls `each` with a section for every table of a list.
  template <class Each>
  void tables(const char* key, Each each) {
    list(
        key,
        [&](const toml::node& one) {
          if (!one.is_table()) return wrong(key, "a list of tables: write [[" + path_ + key + "]]");
          section inner(one.as_table(), path_ + key + ".", to_);
          each(inner);
          inner.done();
        },
        [] {});
  }
  void wrong(const std::string& key, const std::string& is) {
    to_.add(path_ + key, path_ + key + " is " + is);
  }
  void complain(const std::string& what) {
    to_.add(path_.empty() ? path_ : path_.substr(0, path_.size() - 1), what);
  }
  void done() {
    if (table_ == nullptr) return;
    for (const auto& [key, value] : *table_) {
      if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
      std::string names;
      for (const auto& one : known_) names.append(names.empty() ? "" : ", ").append(one);
      const auto path = path_ + std::string(key.str());
      to_.add(path, path + " means nothing; there are " + names +
                        did_you_mean(key.str(), {known_.begin(), known_.end()}));
    }
  }

 private:
  static std::string bounds(const std::string& what, double low, double high) {
    std::ostringstream text;
    text << what << " from " << low << " to " << high;
    return text.str();
  }
  template <class Into, class Read>
  void settings_in(const toml::table& table, const std::string& prefix, Into& into, Read& read) {
    for (const auto& [key, value] : table) {
      const auto name = prefix + std::string(key.str());
      known_.emplace_back(name);
      if (const auto* deeper = value.as_table()) {
        settings_in(*deeper, name + ".", into, read);
        continue;
      }
      if (const auto done = read(name, text_of(value), into); !done)
        to_.add(path_ + name, path_.substr(0, path_.size() - 1) + ": " + done.error().text);
    }
  }
  static std::string text_of(const toml::node& value) {
    if (const auto text = value.value_exact<std::string>()) return *text;
    if (const auto flag = value.value_exact<bool>()) return *flag ? "true" : "false";
    std::ostringstream digits;
    digits.precision(17);
    if (const auto number = value.value<double>()) digits << *number;
    return digits.str();
  }
  template <class Each, class First>
  void list(const char* key, Each each, First first) {
    const auto* found = node(key);
    if (found == nullptr) return;
    const auto* array = found->as_array();
    if (array == nullptr) return wrong(key, "a list: write " + std::string(key) + " = [...]");
    first();
    for (const auto& one : *array) each(one);
  }

  const toml::table* table_;
  std::string path_;
  complaints& to_;
  std::vector<std::string> known_;
};

/// An [[aim]]; `of` is whose figure is meant unless it says so.
aim read_aim(section& from, std::string of);

/// One cell of a file.
struct cell_place {
  std::string file;  // its name without folder and ending
  std::string cell;  // "load .7, workers 4"; empty when there is one
  double x = 0;      // the last grid value that is a number
};

/// Hands every cell of a text to `read`, which calls `done` of the section at the end; `name` stands for the
/// file. Errors: invalid_argument naming file, line, key and bound.
result<void> read_cells(std::string_view text, const std::string& name,
                        const std::function<void(section& from, const cell_place& place)>& read);

/// The same as a list: `read` makes a Scenario of a section, its place is written here.
template <class Scenario, class Read>
result<std::vector<Scenario>> read_all_cells(std::string_view text, const std::string& name, Read&& read) {
  std::vector<Scenario> into;
  const auto done = read_cells(text, name, [&](section& from, const cell_place& place) {
    into.push_back(read(from));
    into.back().file = place.file;
    into.back().cell = place.cell;
    into.back().x = place.x;
  });
  if (!done) return done.error();
  return into;
}

}  // namespace troupe::simulator
