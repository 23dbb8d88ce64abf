#include <troupe/crypto/little_endian.hpp>
#include <troupe/crypto/seal_refusals.hpp>

namespace troupe::crypto {

namespace {

std::string id_in(bytes_view sealed) { return to_string(key_id{get<std::uint32_t>(sealed.data() + 4)}); }

}  // namespace

std::string refusal_text(verdict why, bytes_view what) {
  switch (why) {
    case verdict::unsealed:
      return "it is not sealed, and this node has a key: give the same key to its sender";
    case verdict::malformed:
      return "it is no sealed message of this version";
    case verdict::unknown_key:
      return "it is sealed with key " + id_in(what) +
             ", which this node does not have: give its sender a key of this cluster by hand, see troupe "
             "keys";
    case verdict::forgotten_key:
      return "it is sealed with key " + id_in(what) +
             ", which was retired for good: give its sender the key of today by hand, see troupe keys";
    case verdict::misdirected:
      return "it is for another process";
    case verdict::replayed:
      return "it was heard before, or is too old to know";
    case verdict::forged:
      return "its seal is broken: it was altered on the way, or is of another cluster with the same key";
    case verdict::accepted:
      break;
  }
  TROUPE_INVARIANT(false);
}

void seal_refusals::count(event_counts& into) const {
  const auto refused = [&](verdict why) { return times_[static_cast<std::size_t>(why)]; };
  into.insert(into.end(), {{"gossip_unsealed", refused(verdict::unsealed)},
                           {"gossip_malformed_seals", refused(verdict::malformed)},
                           {"gossip_unknown_keys", refused(verdict::unknown_key)},
                           {"gossip_forgotten_keys", refused(verdict::forgotten_key)},
                           {"gossip_misdirected", refused(verdict::misdirected)},
                           {"gossip_replayed", refused(verdict::replayed)},
                           {"gossip_forged", refused(verdict::forged)}});
}

}  // namespace troupe::crypto
