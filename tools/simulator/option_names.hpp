// Options of the cores by name, as --set and scenario files change them.
//
// The names come from the lists of the rooms. A name's last parts do where only one option ends so: "first",
// "ejection.first" and "balance.ejection.first". Values are numbers, times in seconds and flags as 0 and 1,
// or texts: 0.002, "2ms", "true".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/base/option_list.hpp>
#include <troupe/base/result.hpp>

namespace troupe::simulator {

/// Options that differ, by the shortest name that means each.
using settings = std::map<std::string, double>;

class option_names {
 public:
  /// The options of a list; `home` gives the struct that they are of within what `apply` changes.
  template <class Struct>
  void add(const option_list<Struct>& list, void* (*home)(void* object)) {
    for (const auto& each : list.options) entries_.push_back({list.full_name(each), &each, home});
  }

  /// Adds one to `into`. Errors: invalid_argument, for a name that none or several have, with what was
  /// probably meant, and for a value that is none.
  result<void> read(std::string_view name, std::string_view value, settings& into) const;
  /// Changes `object`. Errors: invalid_argument, for an unknown name, and for a value out of its bounds.
  result<void> apply(const settings& from, void* object) const;

 private:
  struct entry {
    std::string name;  // in full
    const option* what;
    void* (*home)(void* object);
  };

  std::vector<const entry*> ending_with(std::string_view name) const;
  result<const entry*> find(std::string_view name) const;
  std::string shortest_name(const entry& of) const;

  std::vector<entry> entries_;
};

}  // namespace troupe::simulator
