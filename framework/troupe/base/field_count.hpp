// How many members an aggregate has, so that a list of them can be held to be whole by a static_assert.
//
// An aggregate is made from at most as many values as it has members: values are added until it is made no
// more. (Boost.PFR counts the same way.)
#pragma once

#include <cstddef>
#include <utility>

namespace troupe {

namespace detail {

/// Becomes whatever is wanted; never evaluated.
struct anything {
  template <class T>
  operator T() const;
};

template <class Aggregate, std::size_t... Each>
constexpr bool is_made_from(std::index_sequence<Each...>) {
  return requires { Aggregate{(static_cast<void>(Each), anything{})...}; };
}

}  // namespace detail

template <class Aggregate, std::size_t Found = 0>
constexpr std::size_t field_count() {
  if constexpr (detail::is_made_from<Aggregate>(std::make_index_sequence<Found + 1>()))
    return field_count<Aggregate, Found + 1>();
  else
    return Found;
}

}  // namespace troupe
