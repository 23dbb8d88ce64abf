// What the demo found: a table for people, JSON for machines.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <troupe/base/time.hpp>

#include "incidents.hpp"

namespace troupe::demo {

struct findings {
  std::size_t processes = 0;
  duration length{0};
  std::uint64_t calls = 0;  // idempotent
  std::uint64_t failed = 0;
  load::summary all;
  std::uint64_t unsafe_calls = 0;
  std::uint64_t unsafe_failed = 0;  // may happen: a lost answer is not repeated
  std::uint64_t executed_twice = 0;
  std::vector<incident> incidents;
  std::vector<std::string> failures;

  bool passed() const { return failed == 0 && executed_twice == 0; }
};

std::string as_table(const findings& what);
std::string as_json(const findings& what);

}  // namespace troupe::demo
