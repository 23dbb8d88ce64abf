// Which gossip keys a node begins with.
#pragma once

#include <troupe/crypto/ring.hpp>
#include <troupe/node/options.hpp>

namespace troupe {

/// The keyring's where there is that file; else `gossip_key`, for which the file is made where one is named.
/// Empty where neither option is set. Errors: those of crypto::read_ring_file, write_ring_file and
/// crypto::key::parse.
result<crypto::ring> load_gossip_keys(const node_options& options);

}  // namespace troupe
