#include <troupe/admission/repeat_share.hpp>

namespace troupe::admission {

namespace {

// About the last hundred; a tenth of the traffic may be repeats by the callers' own budgets.
constexpr std::uint32_t smoothing = 100;
constexpr double usual = .2;

}  // namespace

void repeat_share::note(rpc::attempt_kind which) {
  const bool further = which == rpc::attempt_kind::further;
  share_ += ((further ? 1. : 0.) - share_) / smoothing;
  if (noted_ < smoothing) ++noted_;
}

rpc::advice repeat_share::advice() const {
  return noted_ >= smoothing && share_ > usual ? rpc::advice::do_not_retry : rpc::advice::may_retry;
}

}  // namespace troupe::admission
