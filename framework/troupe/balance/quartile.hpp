// The quartiles of a handful of numbers, without sorting all of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace troupe::balance {

/// The value at `quarters` quarters of the way through `values` in ascending order, rounded down: 2 is the
/// median. `otherwise` where there are none. Reorders them. O(values).
inline double quartile(std::vector<double>& values, std::size_t quarters, double otherwise) {
  if (values.empty()) return otherwise;
  const auto wanted = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) * quarters / 4);
  std::nth_element(values.begin(), wanted, values.end());
  return *wanted;
}

}  // namespace troupe::balance
