// The median, as every table of the simulators and of the benchmarks means it.
#pragma once

#include <algorithm>
#include <vector>

namespace troupe {

/// The middle one, or the mean of the two in the middle; 0 of none.
inline double median(std::vector<double> of) {
  if (of.empty()) return 0;
  std::sort(of.begin(), of.end());
  const auto half = of.size() / 2;
  return of.size() % 2 == 1 ? of[half] : (of[half - 1] + of[half]) / 2;
}

}  // namespace troupe
