// Options that tell themselves: what is said of an option once, and what can be made of it.
//
// Each room lists the options of its struct: name, member, bounds with their unit, one sentence. From the
// list come the check of the bounds, with its error texts (here), files, command lines, help texts and
// framework/docs/options.md (node), and the settings of the simulator. A value comes and goes as a text;
// where it stood is not known here.
//
//   constexpr std::array all = {
//       option_of<&options::probe_period>("probe_period", between(50ms, 1min), "One peer is probed per
//       period."), option_of<&options::news_max>("news_max", between(16, 100'000), "Most members of whom
//       there is news."),
//   };
//   static_assert(covers<options>(all));
//   option_list<options> options::list() { return {"membership", all}; }
//   result<void> options::validate() const { return list().check(*this); }
#pragma once

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <troupe/base/field_count.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

namespace troupe {

/// One of the values of an enumeration, or one of the texts that an option takes.
struct option_choice {
  std::string_view name;
  std::uint8_t value = 0;

  constexpr option_choice(std::string_view called) : name(called) {}
  template <class Enum>
  requires std::is_enum_v<Enum>
  constexpr option_choice(std::string_view called, Enum of)
      : name(called), value(static_cast<std::uint8_t>(of)) {
    static_assert(sizeof(Enum) == 1);
  }
};

/// Which values an option takes: numbers as they are, times in nanoseconds, texts by their length.
struct option_bounds {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool above_low = false;   // `low` itself is not allowed
  bool below_high = false;  // `high` itself is not allowed
  std::string_view unit;    // "bytes" are read with KiB, MiB and GiB, too
  std::span<const option_choice> choices;

  constexpr option_bounds up_to(double most) const {
    option_bounds with = *this;
    with.high = most;
    return with;
  }
  constexpr option_bounds below(double bound) const {
    option_bounds with = up_to(bound);
    with.below_high = true;
    return with;
  }
  constexpr option_bounds in(std::string_view of) const {
    option_bounds with = *this;
    with.unit = of;
    return with;
  }
};

constexpr double to_bound(double value) { return value; }
constexpr double to_bound(duration value) { return static_cast<double>(value.count()); }

constexpr option_bounds at_least(double low) { return {.low = low}; }
constexpr option_bounds at_least(duration low) { return {.low = to_bound(low)}; }
constexpr option_bounds above(double low) { return {.low = low, .above_low = true}; }
constexpr option_bounds above(duration low) { return {.low = to_bound(low), .above_low = true}; }
constexpr option_bounds between(double low, double high) { return {.low = low, .high = high}; }
constexpr option_bounds between(duration low, duration high) {
  return {.low = to_bound(low), .high = to_bound(high)};
}
constexpr option_bounds one_of(std::span<const option_choice> choices) { return {.choices = choices}; }
constexpr option_bounds anything_goes() { return {}; }

/// How a value is written. `flag`: true, false. `count`: 12. `number`: .5. `time`: 300ms. `texts`: a,b.
enum class option_kind : std::uint8_t { flag, count, number, time, text, texts, choice };

/// Flags, counts, numbers, nanoseconds and choices are doubles; nothing: an optional member is empty.
using option_value = std::variant<std::monostate, double, std::string, std::vector<std::string>>;

/// One option, whatever struct it is in. An `object` is that struct's, or for an option by itself the value.
struct option {
  std::string_view name;  // as the member's
  option_bounds within;
  std::string_view sentence;
  option_kind kind = option_kind::text;
  const void* home = nullptr;  // names the struct
  option_value (*read)(const void* object) = nullptr;
  void (*write)(void* object, const option_value& value) = nullptr;

  /// Errors: invalid_argument, naming the option as `called`, the value and the bounds. The object is then as
  /// it was.
  result<void> set(void* object, std::string_view text, std::string_view called) const;
  /// The same from a number, with times in seconds and flags as 0 and 1.
  result<void> set_number(void* object, double number, std::string_view called) const;
  /// Errors: as of `set`.
  result<void> check(const void* object, std::string_view called) const;

  /// The value as a text that `set` takes, apart from digits beyond the third of a time.
  std::string text(const void* object) const;
  /// What may be written: "50 ms to 1 min", "above 0 and at most 1", "true or false".
  std::string bounds() const;
};

/// "option NAME is VALUE: it must be MUST", for rules that span several options, too.
error option_error(std::string_view name, std::string_view value, std::string_view must);

/// A name as the lists have it: with '_' where people wrote '-'.
std::string option_name(std::string_view written);

/// A name with a value, as people wrote it.
struct option_setting {
  std::string name;
  std::string value;
};

namespace detail {

template <class Struct>
inline constexpr char home_of{};

template <class Field>
struct optional_field : std::false_type {};
template <class Field>
struct optional_field<std::optional<Field>> : std::true_type {};

template <class Field>
constexpr option_kind kind_of() {
  if constexpr (optional_field<Field>::value)
    return kind_of<typename Field::value_type>();
  else if constexpr (std::is_same_v<Field, bool>)
    return option_kind::flag;
  else if constexpr (std::is_enum_v<Field>)
    return option_kind::choice;
  else if constexpr (std::is_integral_v<Field>)
    return option_kind::count;
  else if constexpr (std::is_floating_point_v<Field>)
    return option_kind::number;
  else if constexpr (std::is_same_v<Field, duration>)
    return option_kind::time;
  else if constexpr (std::is_same_v<Field, std::string>)
    return option_kind::text;
  else {
    static_assert(std::is_same_v<Field, std::vector<std::string>>, "no option can be of this type");
    return option_kind::texts;
  }
}

template <class Field>
option_value read_field(const Field& from) {
  if constexpr (optional_field<Field>::value) {
    return from ? read_field(*from) : option_value{};
  } else if constexpr (std::is_same_v<Field, duration>) {
    return static_cast<double>(from.count());
  } else if constexpr (std::is_arithmetic_v<Field> || std::is_enum_v<Field>) {
    return static_cast<double>(from);
  } else {
    return from;
  }
}

template <class Field>
void write_field(Field& into, const option_value& value) {
  if constexpr (optional_field<Field>::value)
    write_field(into.emplace(), value);
  else if constexpr (std::is_same_v<Field, duration>)
    into = duration(std::llround(std::get<double>(value)));
  else if constexpr (std::is_same_v<Field, bool>)
    into = std::get<double>(value) != 0;
  else if constexpr (std::is_arithmetic_v<Field> || std::is_enum_v<Field>)
    into = static_cast<Field>(std::get<double>(value));
  else
    into = std::get<Field>(value);
}

/// The member at the end of a path of members.
template <auto Member, auto... Deeper>
constexpr auto& member_at(auto& object) {
  if constexpr (sizeof...(Deeper) == 0)
    return object.*Member;
  else
    return member_at<Deeper...>(object.*Member);
}

template <class Struct, class Member>
Struct struct_of(Member Struct::*member);

/// Whole numbers as far as their type, and a double, goes.
template <class Field>
constexpr option_bounds fitting(option_bounds within) {
  if constexpr (optional_field<Field>::value) {
    return fitting<typename Field::value_type>(within);
  } else if constexpr (kind_of<Field>() == option_kind::count) {
    constexpr double exact = 9007199254740992;  // 2^53
    const auto least = static_cast<double>(std::numeric_limits<Field>::min());
    const auto most = static_cast<double>(std::numeric_limits<Field>::max());
    if (within.low < least) within.low = least < -exact ? -exact : least;
    if (within.high > most) within.high = most > exact ? exact : most;
    return within;
  } else {
    return within;
  }
}

}  // namespace detail

/// The option behind a member; for a member of a member, both.
template <auto Member, auto... Deeper>
constexpr option option_of(std::string_view name, const option_bounds& within, std::string_view sentence) {
  using home = decltype(detail::struct_of(Member));
  using field =
      std::remove_reference_t<decltype(detail::member_at<Member, Deeper...>(std::declval<home&>()))>;
  option made;
  made.name = name;
  made.within = detail::fitting<field>(within);
  made.sentence = sentence;
  made.kind = detail::kind_of<field>();
  made.home = &detail::home_of<home>;
  made.read = [](const void* object) {
    return detail::read_field(detail::member_at<Member, Deeper...>(*static_cast<const home*>(object)));
  };
  made.write = [](void* object, const option_value& value) {
    detail::write_field(detail::member_at<Member, Deeper...>(*static_cast<home*>(object)), value);
  };
  return made;
}

/// An option that is a variable by itself.
template <class Value>
constexpr option lone_option(std::string_view name, const option_bounds& within, std::string_view sentence) {
  option made;
  made.name = name;
  made.within = detail::fitting<Value>(within);
  made.sentence = sentence;
  made.kind = detail::kind_of<Value>();
  made.home = &detail::home_of<Value>;
  made.read = [](const void* object) { return detail::read_field(*static_cast<const Value*>(object)); };
  made.write = [](void* object, const option_value& value) {
    detail::write_field(*static_cast<Value*>(object), value);
  };
  return made;
}

/// Whether a list is whole: each option is one of `Struct`, no name is there twice, and with `elsewhere`
/// members that have lists of their own, or are no options, there are as many as the struct has members.
template <class Struct>
constexpr bool covers(std::span<const option> all, std::size_t elsewhere = 0) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].home != &detail::home_of<Struct>) return false;
    for (std::size_t k = 0; k < i; ++k)
      if (all[i].name == all[k].name) return false;
  }
  return all.size() + elsewhere == field_count<Struct>();
}

/// The options of one struct under the name that they have for people: "balance.ejection".
template <class Struct>
struct option_list {
  std::string_view name;
  std::span<const option> options;

  /// The first that is out of its bounds. Errors: invalid_argument, naming option, value and bounds.
  result<void> check(const Struct& object) const {
    for (const auto& each : options)
      if (auto sound = each.check(&object, full_name(each)); !sound) return sound;
    return {};
  }
  std::string full_name(const option& of) const { return std::string(name) + "." + std::string(of.name); }
  /// By its full name; null: it is none of these.
  const option* find(std::string_view full) const {
    if (!full.starts_with(name) || full.substr(name.size()).substr(0, 1) != ".") return nullptr;
    for (const auto& each : options)
      if (each.name == full.substr(name.size() + 1)) return &each;
    return nullptr;
  }
};

}  // namespace troupe
