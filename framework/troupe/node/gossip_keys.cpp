#include <troupe/crypto/ring_file.hpp>
#include <troupe/node/gossip_keys.hpp>

namespace troupe {

result<crypto::ring> load_gossip_keys(const node_options& options) {
  if (!options.keyring.empty()) {
    // What the file says counts: it knows of changes since the key was written down elsewhere.
    auto kept = crypto::read_ring_file(options.keyring);
    if (kept || kept.error().code != code::not_found || options.gossip_key.empty()) return kept;
  }
  crypto::ring made;
  if (options.gossip_key.empty()) return made;
  const auto given = crypto::key::parse(options.gossip_key);
  if (!given) return error{given.error().code, "option gossip-key: " + given.error().text};
  if (const auto installed = made.install(*given); !installed) return installed.error();
  if (!options.keyring.empty())
    if (const auto written = crypto::write_ring_file(options.keyring, made); !written) return written.error();
  return made;
}

}  // namespace troupe
