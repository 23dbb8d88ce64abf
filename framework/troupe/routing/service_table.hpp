// The services that this node calls or has heard of: their names, interned, and what is kept for each; and
// what people may choose for one of them while it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/balance/explanation.hpp>
#include <troupe/balance/policy.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/routing/call.hpp>
#include <troupe/routing/options.hpp>
#include <troupe/routing/service_options.hpp>
#include <troupe/routing/service_state.hpp>

namespace troupe::routing {

/// How long calls of a group of methods took lately.
struct method_times {
  std::uint32_t method = 0;  // the last of replica_set::groups_max stands for all from there on
  duration median{0};
  duration p99{0};
};

class service_table {
 public:
  /// `settings` must be valid, and outlive the table. `salt` differs from router to router.
  service_table(const options& settings, std::uint64_t salt, time_point now);

  /// The service of that name, from now on the same for the life of the table.
  service_ref intern(std::string_view name);
  /// Nothing where it is not interned.
  std::optional<service_ref> find(std::string_view name) const;
  std::uint32_t size() const { return static_cast<std::uint32_t>(states_.size()); }
  const std::map<std::string, service_ref, std::less<>>& by_name() const { return by_name_; }

  // REQUIRES, here and below: `service` was interned.
  service_state& operator[](service_ref service) { return *states_[service]; }
  const service_state& operator[](service_ref service) const { return *states_[service]; }

  /// Every service, in the order of its reference.
  auto begin() const { return states_.begin(); }
  auto end() const { return states_.end(); }

  // Errors of all three: not_found when no such service is interned.
  result<void> set_policy(std::string_view service, balance::policy_kind kind);
  result<void> set_policy(std::string_view service, std::unique_ptr<balance::policy> own);
  /// Errors, too: invalid_argument for weights that make no sense; then nothing has changed. An aperture that
  /// has changed is acted upon when the windows are moved.
  result<void> set_options(std::string_view service, const service_options& wanted);
  /// What the interface's author declared. Counts where nobody has chosen yet; a name that is no policy's
  /// does not.
  void declare_policy(service_ref service, std::string_view policy) {
    if (states_[service]->chosen == service_state::chosen_by::nobody) take_declared(service, policy);
  }

  /// As the next call of the method would see it.
  balance::explanation explain(service_ref service, std::uint32_t method, time_point now) const;
  /// Of those that were measured.
  std::vector<method_times> times_of(service_ref service) const;

 private:
  void take_declared(service_ref service, std::string_view policy);

  const options& settings_;
  const std::uint64_t salt_;
  const time_point born_;
  std::vector<std::unique_ptr<service_state>> states_;
  std::map<std::string, service_ref, std::less<>> by_name_;
};

}  // namespace troupe::routing
