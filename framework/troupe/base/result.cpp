#include <array>

#include <troupe/base/result.hpp>

namespace troupe {

namespace {

constexpr std::array<std::string_view, 17> code_names = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

}  // namespace

std::string to_string(code value) {
  const auto number = static_cast<std::size_t>(value);
  return number < code_names.size() ? std::string(code_names[number]) : "CODE_" + std::to_string(number);
}

code code_from_wire(std::uint16_t number) {
  return number < code_names.size() ? static_cast<code>(number) : code::unknown;
}

std::string error::describe() const { return text.empty() ? to_string(code) : to_string(code) + ": " + text; }

void broken_invariant(const char* file, int line, const char* claim) {
  std::fprintf(stderr, "troupe: broken invariant at %s:%d: %s\n", file, line, claim);
  std::abort();
}

}  // namespace troupe
