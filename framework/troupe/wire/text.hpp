// Cap'n Proto's texts as the standard library's.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <capnp/blob.h>

namespace troupe::wire {

/// The whole text, zero bytes within included.
inline std::string text_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }
/// The same in place: as long as its message lives.
inline std::string_view view_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

/// What an `init` of a text field is given, and what fills what it gives.
inline capnp::uint size_of(std::string_view text) { return static_cast<capnp::uint>(text.size()); }
inline void fill(capnp::Text::Builder to, std::string_view from) {
  std::copy(from.begin(), from.end(), to.begin());
}

}  // namespace troupe::wire
