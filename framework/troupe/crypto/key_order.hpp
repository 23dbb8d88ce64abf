// What a person may have done to a ring of keys, in words: the orders that `troupe keys` seals and sends.
//
//   install KEY             one more key, held and not yet used
//   use ID                  what is sealed from now on is sealed with it
//   retire ID               still opens what nodes that were away send, until it is old
//   retire ID compromised   opens nothing any more, anywhere
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <troupe/base/result.hpp>
#include <troupe/crypto/ring.hpp>

namespace troupe::crypto {

/// Does to `to` what `order` says, and gives a sentence that says what was done. `today`: seconds since 1970.
/// Errors: invalid_argument for what is no order; those of ring. Then `to` is as it was.
result<std::string> apply_key_order(std::string_view order, std::uint64_t today, ring& to);

}  // namespace troupe::crypto
