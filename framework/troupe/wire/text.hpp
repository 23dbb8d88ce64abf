// Cap'n Proto's texts as the standard library's.
#pragma once

#include <string>

#include <capnp/blob.h>

namespace troupe::wire {

/// The whole text, zero bytes within included.
inline std::string text_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

}  // namespace troupe::wire
