#include <array>
#include <cstddef>

#include <troupe/balance/policy.hpp>

namespace troupe::balance {

std::unique_ptr<policy> make_policy(policy_kind kind) {
  static constexpr std::array makers = {
#define TROUPE_POLICY(name) &make_##name,
#include <troupe/balance/policies.def>
  };
  return makers[static_cast<std::size_t>(kind)]();
}

}  // namespace troupe::balance
