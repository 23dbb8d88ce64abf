// Which name was meant by a mistyped one: of an option, a policy, a term of the score, a verb.
//
// The distance is the number of letters to insert, leave out, replace or exchange with their neighbour
// (Damerau 1964, as optimal string alignment); '-' and '_' are one letter. A name counts as meant up to a
// distance of a third of its length, at least 1 and at most 3.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

std::size_t edit_distance(std::string_view one, std::string_view other);

/// The nearest of `names`, the first of equals; empty where none is near enough.
std::string_view nearest_name(std::string_view mistyped, const std::vector<std::string_view>& names);

/// The same, and where no name is near, the only one whose last part, behind the last dot, is near to
/// `mistyped`'s: "membership.probe_period" for "probe_period".
std::string_view nearest_dotted_name(std::string_view mistyped, const std::vector<std::string_view>& names);

/// What an error says of it: "; did you mean 'probe_period'?", or nothing.
std::string did_you_mean(std::string_view mistyped, const std::vector<std::string_view>& names);

}  // namespace troupe
