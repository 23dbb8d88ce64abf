// The ring on disk: a text (see ring.hpp) that only its owner may read, replaced as a whole.
#pragma once

#include <string>

#include <troupe/base/result.hpp>
#include <troupe/crypto/ring.hpp>

namespace troupe::crypto {

/// Errors, all naming the file: not_found; permission_denied where it cannot be read, or where others can;
/// invalid_argument for what is no ring, with the line, and for an empty one.
result<ring> read_ring_file(const std::string& path);

/// Beside it first, then renamed over it, both synced: a crash leaves the old one or the new one. Blocks for
/// as long as the disk does. Errors: unavailable, with what the system said.
result<void> write_ring_file(const std::string& path, const ring& what);

}  // namespace troupe::crypto
