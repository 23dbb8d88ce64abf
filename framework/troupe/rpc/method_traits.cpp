#include <troupe/rpc/method_traits.hpp>

namespace troupe::rpc {

result<void> validate(const method_traits& declared) {
  if (declared.hedge == hedging::on && declared.safety == safety::unsafe)
    return error{code::invalid_argument,
                 "$Troupe.hedge would execute an unsafe method twice; declare it idempotent or readOnly with "
                 "$Troupe.safety, or say $Troupe.hedge(false)"};
  if (declared.hedge == hedging::on && declared.backup == backing::off)
    return error{
        code::invalid_argument,
        "$Troupe.hedge starts the second attempt that $Troupe.backup(false) forbids; say one of them"};
  return {};
}

}  // namespace troupe::rpc
