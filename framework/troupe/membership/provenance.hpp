// How a fact reached this node: by whom, which way, and whether it is told on.
#pragma once

#include <cstdint>

#include <troupe/base/endpoint.hpp>
#include <troupe/base/ids.hpp>

namespace troupe::membership {

/// A packet tells what is new. A stream may tell what is old: it never kills.
enum class channel : std::uint8_t { packet, stream };

enum class retelling : std::uint8_t { announce, keep };

struct provenance {
  channel by = channel::packet;
  retelling then = retelling::announce;
  identity teller;
  endpoint address;  // the teller's
};

}  // namespace troupe::membership
