#include <troupe/node/option_book.hpp>
#include <troupe/node/program_options.hpp>

namespace troupe {

program_options& program_options::words(std::string_view shown, std::vector<std::string>& into,
                                        std::string_view sentence) {
  rest_ = {shown, sentence, &into};
  return *this;
}

const program_options::entry* program_options::find(std::string_view written) const {
  const auto name = option_name(written);
  for (const auto& each : entries_)
    if (each.what.name == name) return &each;
  return nullptr;
}

result<void> program_options::check() const {
  for (const auto& each : entries_) {
    const auto name = each.what.name;
    const bool reserved = name == "config" || name == "service" || name == "help" || name == "help_all";
    if (reserved || find_option(name) != nullptr || find(name) != &each)
      return {code::already_exists,
              "the program declares the option " + std::string(name) + ", which is there already"};
  }
  return {};
}

program_options& program_options::add(const option& what, void* into, presence need) {
  entries_.push_back({what, into, need});
  return *this;
}

}  // namespace troupe
