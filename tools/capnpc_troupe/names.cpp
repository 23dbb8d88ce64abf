#include "names.hpp"

#include <algorithm>
#include <array>

namespace troupe::capnpc {

namespace {

// Sorted. C++20's; capnpc-c++ knows C++11's, and the rest could not be compiled as a name either.
constexpr std::array<std::string_view, 92> keywords = {
    "alignas",     "alignof",  "and",        "and_eq",    "asm",       "auto",         "bitand",
    "bitor",       "bool",     "break",      "case",      "catch",     "char",         "char16_t",
    "char32_t",    "char8_t",  "class",      "co_await",  "co_return", "co_yield",     "compl",
    "concept",     "const",    "const_cast", "consteval", "constexpr", "constinit",    "continue",
    "decltype",    "default",  "delete",     "do",        "double",    "dynamic_cast", "else",
    "enum",        "explicit", "export",     "extern",    "false",     "float",        "for",
    "friend",      "goto",     "if",         "inline",    "int",       "long",         "mutable",
    "namespace",   "new",      "noexcept",   "not",       "not_eq",    "nullptr",      "operator",
    "or",          "or_eq",    "private",    "protected", "public",    "register",     "reinterpret_cast",
    "requires",    "return",   "short",      "signed",    "sizeof",    "static",       "static_assert",
    "static_cast", "struct",   "switch",     "template",  "this",      "thread_local", "throw",
    "true",        "try",      "typedef",    "typeid",    "typename",  "union",        "unsigned",
    "using",       "virtual",  "void",       "volatile",  "wchar_t",   "while",        "xor",
    "xor_eq"};
static_assert(std::is_sorted(keywords.begin(), keywords.end()));

}  // namespace

std::string title_case(std::string_view name) {
  std::string answer(name);
  if (!answer.empty() && answer[0] >= 'a' && answer[0] <= 'z') answer[0] = static_cast<char>(answer[0] - 32);
  return answer;
}

std::string safe_identifier(std::string_view name) {
  std::string answer(name);
  if (std::binary_search(keywords.begin(), keywords.end(), name)) answer += '_';
  return answer;
}

std::uint64_t node_names::file_of(std::uint64_t id) const {
  for (auto current = node(id);; current = node(current.getScopeId())) {
    if (current.isFile()) return current.getId();
    if (current.getScopeId() == 0) return 0;
  }
}

std::string node_names::path(std::uint64_t id) const {
  const auto self = node(id);
  std::string own = self.getDisplayName().slice(self.getDisplayNamePrefixLength()).cStr();
  if (self.getScopeId() == 0 || node(self.getScopeId()).isFile()) return own;
  return path(self.getScopeId()) + "." + own;
}

std::string node_names::unqualified(std::uint64_t id) const {
  const auto self = node(id);
  const auto renamed = wire::text_annotation(self.getAnnotations(), cxx_name_id);
  return renamed ? std::string(*renamed)
                 : self.getDisplayName().slice(self.getDisplayNamePrefixLength()).cStr();
}

std::string node_names::joined(std::uint64_t id) const {
  const auto scope = node(id).getScopeId();
  return (node(scope).isFile() ? std::string() : joined(scope)) + unqualified(id);
}

std::string node_names::qualified(std::uint64_t id) const {
  const auto self = node(id);
  if (!self.isFile()) return qualified(self.getScopeId()) + "::" + unqualified(id);
  const auto space = cpp_namespace(id);
  return space.empty() ? "" : "::" + space;
}

std::string node_names::cpp_namespace(std::uint64_t file) const {
  return std::string(wire::text_annotation(node(file).getAnnotations(), cxx_namespace_id).value_or(""));
}

}  // namespace troupe::capnpc
