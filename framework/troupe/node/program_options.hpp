// A program's own options, beside those of every node: a line for each.
//
//   int main(int argc, char** argv) {
//     unsigned shard = 0;
//     std::vector<std::string> folders;
//     troupe::program_options own("One replica of one shard.");
//     own.need("shard", shard, troupe::between(0, 999), "Which part of the corpus this is.");
//     own.add("corpus", folders, "Folders of texts.");
//     return troupe::run(argc, argv, own, [&](troupe::node& node) { ... });
//   }
//
// They are read before `run` calls back, from the command line (--shard 3) or from the table [program] of the
// file of --config, checked, and listed by --help. What is neither theirs nor the node's is an error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <troupe/base/option_list.hpp>

namespace troupe {

class program_options {
 public:
  /// `about`: what the program does, a sentence for --help.
  explicit program_options(std::string about = {}) : about_(std::move(about)) {}

  /// `into` keeps its value unless the option is given: a number, a duration, a text, a list of texts, a
  /// bool (--verbose, --verbose=false), or an enum with bounds of `one_of`. It, and the characters of name
  /// and sentence, must live until `run` has called back. Names are of a-z 0-9 _, and none of a node's.
  template <class Value>
  program_options& add(std::string_view name, Value& into, const option_bounds& within,
                       std::string_view sentence) {
    return add(lone_option<Value>(name, within, sentence), &into, presence::optional);
  }
  template <class Value>
  program_options& add(std::string_view name, Value& into, std::string_view sentence) {
    return add(name, into, anything_goes(), sentence);
  }
  /// The same; the program does not start without it.
  template <class Value>
  program_options& need(std::string_view name, Value& into, const option_bounds& within,
                        std::string_view sentence) {
    return add(lone_option<Value>(name, within, sentence), &into, presence::needed);
  }
  template <class Value>
  program_options& need(std::string_view name, Value& into, std::string_view sentence) {
    return need(name, into, anything_goes(), sentence);
  }
  /// Takes what is no option, in its order. `shown`: what --help calls it, "WORD...". Without this, words are
  /// an error.
  program_options& words(std::string_view shown, std::vector<std::string>& into, std::string_view sentence);

  // For whoever reads and shows them.

  enum class presence : bool { optional, needed };
  struct entry {
    option what;
    void* into = nullptr;
    presence need = presence::optional;
  };
  const std::string& about() const { return about_; }
  const std::vector<entry>& entries() const { return entries_; }
  const entry* find(std::string_view written) const;
  /// Errors: already_exists, for a name that is a node's or there twice.
  result<void> check() const;

  struct rest {
    std::string_view shown;
    std::string_view sentence;
    std::vector<std::string>* into = nullptr;  // null: there are no words
  };
  const rest& rest_of_line() const { return rest_; }

 private:
  program_options& add(const option& what, void* into, presence need);

  std::string about_;
  std::vector<entry> entries_;
  rest rest_;
};

}  // namespace troupe
