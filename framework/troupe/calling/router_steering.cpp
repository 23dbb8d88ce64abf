// The router, as people see and steer it: explanations, recent calls, policies.
#include <algorithm>
#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/calling/router_actor.hpp>

namespace troupe::calling {

namespace {

error nobody_knows(const std::string& service) {
  return {code::not_found, "nobody is known to serve '" + service + "', and nobody here called it"};
}

}  // namespace

void router_actor::explain(std::string service, std::optional<std::uint32_t> method,
                           std::function<void(result<service_view>)> take) {
  post([this, service = std::move(service), method, take = std::move(take)] {
    // Not interned here: names that anybody makes up would stay for good.
    if (!core_.knows(service)) return take(nobody_knows(service));
    const auto ref = core_.intern(service);
    service_view seen;
    seen.times = core_.times_of(ref);
    seen.method = method ? *method : seen.times.empty() ? 0 : seen.times.front().method;
    seen.replicas = core_.explain(ref, actor::now(), seen.method);
    take(std::move(seen));
  });
}

void router_actor::find_call(std::string name, std::function<void(result<routing::recent_call>)> take) {
  post([this, name = std::move(name), take = std::move(take)] {
    const auto wanted = parse_call_name(name);
    if (!wanted)
      return take(error{code::invalid_argument, "'" + name + "' is no call's name, as errors show them"});
    if (wanted->caller != caller_tag(shared_.self))
      return take(error{code::not_found, "call " + name + " was not made by node " + shared_.name});
    if (const auto* kept = core_.recent().find(wanted->call)) return take(*kept);
    take(error{code::not_found,
               "node " + shared_.name + " made call " + name +
                   ", or will, but has nothing on it: it is under way, it was neither slow nor repeated nor "
                   "failed, or too many others were since"});
  });
}

void router_actor::list_calls(std::string service, std::size_t most,
                              std::function<void(std::vector<routing::recent_call>)> take) {
  post([this, service = std::move(service), most, take = std::move(take)] {
    std::vector<routing::recent_call> kept;
    for (const auto* each : core_.recent().list(service, most)) kept.push_back(*each);
    take(std::move(kept));
  });
}

void router_actor::set_options(std::string service, routing::service_options how, unknown names,
                               std::function<void(result<void>)> applied) {
  post([this, service = std::move(service), how = std::move(how), names, applied = std::move(applied)] {
    if (names == unknown::refused && !core_.knows(service)) return applied(nobody_knows(service));
    (void)core_.intern(service);
    applied(core_.set_options(service, how));
  });
}

void router_actor::use_policy(std::string service, std::unique_ptr<balance::policy> own,
                              std::function<void(result<void>)> applied) {
  const auto carried = std::make_shared<std::unique_ptr<balance::policy>>(std::move(own));
  post([this, service = std::move(service), carried, applied = std::move(applied)] {
    (void)core_.intern(service);
    applied(core_.set_policy(service, std::move(*carried)));
  });
}

}  // namespace troupe::calling
