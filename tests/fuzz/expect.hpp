// What a fuzzer holds the code to, beside what the sanitizers see: an abort is a finding.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace troupe::fuzz {

inline void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace troupe::fuzz
