// Errors are values. A `result<T>` holds a T or an `error`; an `error` is one of gRPC's codes with a
// sentence that names what happened, to whom, and what to do.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace troupe {

/// gRPC's status codes, with gRPC's numbers: they travel on the wire.
enum class code : std::uint16_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// "UNAVAILABLE", as gRPC prints it; "CODE_<n>" for a number that is none of them.
std::string to_string(code value);

/// A code from the wire: numbers outside gRPC's set become `unknown`.
code code_from_wire(std::uint16_t number);

/// What went wrong. `text` is one or more whole sentences without a trailing newline.
struct error {
  troupe::code code = code::unknown;
  std::string text;

  /// "UNAVAILABLE: no replica of shop.Cart is known".
  std::string describe() const;

  friend bool operator==(const error&, const error&) = default;
};

/// Ends the process with a message, in every build type: for states that the code around it excludes.
[[noreturn]] void broken_invariant(const char* file, int line, const char* claim);

#define TROUPE_INVARIANT(claim) \
  (static_cast<bool>(claim) ? void(0) : ::troupe::broken_invariant(__FILE__, __LINE__, #claim))

/// A T or an error. Reading the side that is not there breaks an invariant, so it ends the process.
template <class T>
class [[nodiscard]] result {
 public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(troupe::error failure) : state_(std::in_place_index<1>, std::move(failure)) {}
  result(troupe::code code, std::string text) : result(troupe::error{code, std::move(text)}) {}

  explicit operator bool() const { return state_.index() == 0; }

  T& value() & { return TROUPE_INVARIANT(*this), std::get<0>(state_); }
  const T& value() const& { return TROUPE_INVARIANT(*this), std::get<0>(state_); }
  T&& value() && { return TROUPE_INVARIANT(*this), std::get<0>(std::move(state_)); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const troupe::error& error() const { return TROUPE_INVARIANT(!*this), std::get<1>(state_); }

 private:
  std::variant<T, troupe::error> state_;
};

/// Success without a value, or an error.
template <>
class [[nodiscard]] result<void> {
 public:
  result() = default;
  result(troupe::error failure) : failure_(std::move(failure)) {}
  result(troupe::code code, std::string text) : failure_(troupe::error{code, std::move(text)}) {}

  explicit operator bool() const { return !failure_; }
  const troupe::error& error() const { return TROUPE_INVARIANT(failure_), *failure_; }

 private:
  std::optional<troupe::error> failure_;
};

}  // namespace troupe
