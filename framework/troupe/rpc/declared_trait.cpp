#include <array>
#include <utility>

#include <troupe/rpc/declared_trait.hpp>

namespace troupe::rpc {

namespace {

error another_kind() {
  return {code::invalid_argument, "this annotation says a value of another kind than Troupe's own does"};
}

/// An enumerant's number. A schema that is newer than this program may have more of them.
template <class Enum>
result<void> read_enum(const annotation_value& said, std::int64_t count, Enum& into) {
  const auto* const number = std::get_if<std::int64_t>(&said);
  if (number == nullptr) return another_kind();
  if (*number < 0 || *number >= count)
    return error{code::invalid_argument,
                 "this program knows no enumerant with the number " + std::to_string(*number)};
  into = static_cast<Enum>(*number);
  return {};
}

/// Of an enum that is off or on.
template <class Switch>
result<void> read_switch(const annotation_value& said, Switch& into) {
  const auto* const wanted = std::get_if<bool>(&said);
  if (wanted == nullptr) return another_kind();
  into = *wanted ? Switch::on : Switch::off;
  return {};
}

// --- safety --------------------------------------------------------------------------------------------

std::string safety_expression(safety value) {
  switch (value) {
    case safety::unsafe:
      return "::troupe::rpc::safety::unsafe";
    case safety::idempotent:
      return "::troupe::rpc::safety::idempotent";
    case safety::read_only:
      return "::troupe::rpc::safety::read_only";
  }
  return "";
}

constexpr declared_trait safety_trait = {
    .name = "safety",
    .annotation = 0xa3b5c8f1d2e49607,
    .read = [](const annotation_value& said, method_traits& into) { return read_enum(said, 3, into.safety); },
    .text = [](const method_traits& of) { return std::string(to_string(of.safety)); },
    .expression = [](const method_traits& of) { return safety_expression(of.safety); },
};

// --- hedge ---------------------------------------------------------------------------------------------

result<void> read_hedge(const annotation_value& said, method_traits& into) {
  return read_switch(said, into.hedge);
}

std::string hedge_text(const method_traits& of) { return of.hedge == hedging::on ? "on" : "off"; }

constexpr declared_trait hedge_trait = {
    .name = "hedge",
    .annotation = 0x8f2d6b1e4c7a9503,
    .read = read_hedge,
    .text = hedge_text,
    .expression = [](const method_traits& of) { return "::troupe::rpc::hedging::" + hedge_text(of); },
};

// --- backup --------------------------------------------------------------------------------------------

std::string backup_text(const method_traits& of) { return of.backup == backing::on ? "on" : "off"; }

constexpr declared_trait backup_trait = {
    .name = "backup",
    .annotation = 0x9c41e7d2b5a06f83,
    .read = [](const annotation_value& said, method_traits& into) { return read_switch(said, into.backup); },
    .text = backup_text,
    .expression = [](const method_traits& of) { return "::troupe::rpc::backing::" + backup_text(of); },
};

// --- criticality ---------------------------------------------------------------------------------------

result<void> read_criticality(const annotation_value& said, method_traits& into) {
  auto read = criticality::normal;
  if (auto done = read_enum(said, criticalities, read); !done) return done;
  into.criticality = read;
  return {};
}

std::string criticality_expression(const method_traits& of) {
  return of.criticality ? "::troupe::rpc::criticality::" + std::string(to_string(*of.criticality))
                        : "std::nullopt";
}

constexpr declared_trait criticality_trait = {
    .name = "criticality",
    .annotation = 0xe6a4d3c2b1f09785,
    .read = read_criticality,
    .text =
        [](const method_traits& of) {
          return std::string(of.criticality ? to_string(*of.criticality) : "-");
        },
    .expression = criticality_expression,
};

// --- timeout -------------------------------------------------------------------------------------------

result<void> read_timeout(const annotation_value& said, method_traits& into) {
  const auto* const text = std::get_if<std::string_view>(&said);
  if (text == nullptr) return another_kind();
  const auto read = parse_duration(*text);
  if (!read) return read.error();
  if (*read <= duration::zero())
    return error{code::invalid_argument,
                 "'" + std::string(*text) + "' leaves a call no time; say more, or leave it out for 1 s"};
  into.timeout = *read;
  return {};
}

/// In the largest unit that it is a whole number of.
std::string timeout_expression(const method_traits& of) {
  constexpr std::array<std::pair<const char*, std::int64_t>, 3> units = {
      {{"seconds", 1'000'000'000}, {"milliseconds", 1'000'000}, {"microseconds", 1'000}}};
  const auto count = of.timeout.count();
  for (const auto& [name, nanoseconds] : units)
    if (count % nanoseconds == 0)
      return std::string("std::chrono::") + name + "(" + std::to_string(count / nanoseconds) + ")";
  return "std::chrono::nanoseconds(" + std::to_string(count) + ")";
}

constexpr declared_trait timeout_trait = {
    .name = "timeout",
    .annotation = 0xf4b1ac4fb6a3b2c1,
    .read = read_timeout,
    .text = [](const method_traits& of) { return format_duration(of.timeout); },
    .expression = timeout_expression,
};

constexpr std::array table = {safety_trait, hedge_trait, backup_trait, criticality_trait, timeout_trait};

}  // namespace

std::span<const declared_trait> declared_traits() { return table; }

}  // namespace troupe::rpc
