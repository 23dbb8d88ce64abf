// What a part counts, by name: what `troupe stats` and the metrics print. Each part appends its own.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// A name and how often it happened.
using event_counts = std::vector<std::pair<std::string, std::uint64_t>>;

}  // namespace troupe
