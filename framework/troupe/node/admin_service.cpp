#include <string>

#include <unistd.h>

#include <troupe/node/admin_service.hpp>
#include <troupe/node/schema_nodes.hpp>
#include <troupe/runtime/clock.hpp>
#include <troupe/service/inquiry.hpp>

namespace troupe {

namespace {

std::uint64_t micros(duration value) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

std::string text_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

void write_member(admin::Member::Builder to, const membership::member& from, const std::string& accuser,
                  time_point now) {
  to.setId(from.self.node.value);
  to.setEpoch(from.self.epoch.value);
  to.setIncarnation(from.incarnation);
  to.setName(from.name);
  to.setAddress(to_string(from.address));
  to.setState(std::string(to_string(from.state)));
  to.setMode(std::string(to_string(from.mode)));
  to.setSinceMicros(micros(now - from.since));
  to.setAccuser(accuser);
  to.setRoundTripMicros(micros(from.round_trip));
  to.setZone(from.document.zone);
  auto services = to.initServices(static_cast<capnp::uint>(from.document.services.size()));
  for (capnp::uint i = 0; i < services.size(); ++i) services.set(i, from.document.services[i].name);
}

void write_candidate(admin::Candidate::Builder to, const balance::candidate& from, time_point now) {
  to.setNode(from.name);
  to.setAddress(from.address);
  to.setScore(from.score);
  to.setInFlight(from.in_flight);
  to.setShare(from.share);
  std::string state = from.why.empty() ? "healthy" : from.why;
  if (from.ejected_until > now && from.ejected_until != never)
    state += ", for " + format_duration(from.ejected_until - now) + " yet";
  to.setState(state);
  auto terms = to.initTerms(static_cast<capnp::uint>(from.terms.size()));
  for (capnp::uint i = 0; i < terms.size(); ++i) {
    terms[i].setName(std::string(from.terms[i].name));
    terms[i].setValue(from.terms[i].value);
    terms[i].setWeight(from.terms[i].weight);
  }
}

void write_links(admin::Admin::LinksResults::Builder results, const runtime::server::report& in,
                 const runtime::router_actor::report& out, const runtime::gossip_actor::report& gossip) {
  auto links = results.initLinks(static_cast<capnp::uint>(in.links.size() + out.links.size()));
  capnp::uint next = 0;
  const auto write = [&](const auto& link, const char* direction, const std::string& state) {
    auto to = links[next++];
    to.setNode(link.node);
    to.setAddress(link.address);
    to.setDirection(direction);
    to.setState(state);
    to.setQueuedBytes(link.queued_bytes);
    to.setSentBytes(link.sent_bytes);
    to.setReceivedBytes(link.received_bytes);
  };
  for (const auto& link : out.links) write(link, "out", link.state);
  for (const auto& link : in.links) write(link, "in", link.node.empty() ? "not introduced" : "open");
  auto counters = results.initCounters(
      static_cast<capnp::uint>(in.counted.size() + out.counted.size() + gossip.counted.size()));
  next = 0;
  for (const auto* list : {&in.counted, &out.counted, &gossip.counted})
    for (const auto& [name, value] : *list) {
      counters[next].setName(name);
      counters[next++].setValue(value);
    }
}

}  // namespace

// What owns memory (a captured text) is kept out of co_await's own expression: g++ 12 destroys such
// temporaries twice.

task<> admin_service::node(context&, NodeParams::Reader, NodeResults::Builder results) {
  auto to = results.initNode();
  to.setId(of_.shared->self.node.value);
  to.setEpoch(of_.shared->self.epoch.value);
  to.setName(of_.shared->name);
  to.setCluster(of_.shared->cluster);
  to.setAddress(to_string(of_.shared->address));
  to.setPid(static_cast<std::uint32_t>(::getpid()));
  to.setUpMicros(micros(runtime::now() - of_.started()));
  to.setVersion(TROUPE_VERSION);
  to.setZone(of_.shared->zone);
  co_return;
}

task<> admin_service::members(context&, MembersParams::Reader, MembersResults::Builder results) {
  const auto known = co_await ask<runtime::gossip_actor::report>(
      [this](auto take) { of_.gossip().inspect(std::move(take)); });
  auto list = results.initMembers(static_cast<capnp::uint>(known.members.size()));
  const auto now = runtime::now();
  for (capnp::uint i = 0; i < list.size(); ++i) {
    std::string accuser;
    for (const auto& other : known.members)
      if (known.members[i].accuser && other.self.node == known.members[i].accuser) accuser = other.name;
    write_member(list[i], known.members[i], accuser, now);
  }
}

task<> admin_service::services(context&, ServicesParams::Reader, ServicesResults::Builder results) {
  const auto report =
      co_await ask<runtime::server::report>([this](auto take) { of_.server().inspect(std::move(take)); });
  auto list = results.initServices(static_cast<capnp::uint>(report.services.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) {
    const auto& from = report.services[i];
    auto to = list[i];
    to.setName(from.name);
    to.setInterfaceId(from.interface_id);
    to.setPlacement(std::string(to_string(from.runs_on)));
    to.setInFlight(from.in_flight);
    to.setLimit(from.limit);
    to.setRequests(from.requests);
    to.setRefused(from.refused);
    to.setExpired(from.expired);
    to.setFailed(from.failed);
    to.setRestarts(from.restarts);
    to.setQueueMicros(static_cast<std::uint32_t>(micros(from.queue_delay)));
    to.setServiceMicros(static_cast<std::uint32_t>(micros(from.service_time)));
  }
}

task<> admin_service::describe(context& ctx, DescribeParams::Reader params,
                               DescribeResults::Builder results) {
  const auto* interface = of_.interface_of(text_of(params.getService()));
  if (interface == nullptr)
    co_return ctx.fail(code::not_found,
                       "node " + of_.shared->name + " does not serve " + text_of(params.getService()));
  const auto schema = interface->schema();
  const auto found = schema_nodes(schema);
  results.setInterfaceId(interface->id);
  auto nodes = results.initNodes(static_cast<capnp::uint>(found.size()));
  for (capnp::uint i = 0; i < nodes.size(); ++i) nodes.setWithCaveats(i, found[i].getProto());
}

task<> admin_service::explain(context& ctx, ExplainParams::Reader params, ExplainResults::Builder results) {
  auto asked = ask<result<balance::explanation>>([this, service = text_of(params.getService())](auto take) {
    of_.router().explain(service, std::move(take));
  });
  const auto told = co_await asked;
  if (!told) co_return ctx.fail(told.error());
  auto to = results.initExplanation();
  to.setService(told->service);
  to.setPolicy(told->policy);
  auto candidates = to.initCandidates(static_cast<capnp::uint>(told->candidates.size()));
  const auto now = runtime::now();
  for (capnp::uint i = 0; i < candidates.size(); ++i)
    write_candidate(candidates[i], told->candidates[i], now);
}

task<> admin_service::links(context&, LinksParams::Reader, LinksResults::Builder results) {
  const auto in =
      co_await ask<runtime::server::report>([this](auto take) { of_.server().inspect(std::move(take)); });
  const auto out = co_await ask<runtime::router_actor::report>(
      [this](auto take) { of_.router().inspect(std::move(take)); });
  const auto gossip = co_await ask<runtime::gossip_actor::report>(
      [this](auto take) { of_.gossip().inspect(std::move(take)); });
  write_links(results, in, out, gossip);
}

task<> admin_service::fault(context& ctx, FaultParams::Reader params, FaultResults::Builder) {
  if (of_.options.faults == fault_injection::refused)
    co_return ctx.fail(
        code::failed_precondition,
        "node " + of_.shared->name + " does not allow faults: start it with --allow-faults true");
  if (params.getFailPercent() > 100) co_return ctx.fail(code::invalid_argument, "failPercent is 0 to 100");
  const runtime::injected_fault fault{
      std::chrono::microseconds(std::min<std::uint64_t>(params.getDelayMicros(), 60'000'000)),
      params.getFailPercent()};
  auto asked = ask<result<void>>([this, fault, service = text_of(params.getService())](auto take) {
    of_.server().set_fault(service, fault, std::move(take));
  });
  const auto applied = co_await asked;
  if (!applied) ctx.fail(applied.error());
}

task<> admin_service::drain(context& ctx, DrainParams::Reader params, DrainResults::Builder) {
  of_.ask_to_stop(ctx.caller() + " asked for it: " + text_of(params.getWhy()));
  co_return;
}

task<> admin_service::policy(context& ctx, PolicyParams::Reader params, PolicyResults::Builder) {
  const auto kind = balance::parse_policy_kind(text_of(params.getName()));
  if (!kind) co_return ctx.fail(kind.error());
  // Only for services that are known: names that anybody makes up would stay in the router for good.
  auto looked_up =
      ask<result<balance::explanation>>([this, service = text_of(params.getService())](auto take) {
        of_.router().explain(service, std::move(take));
      });
  const auto known = co_await looked_up;
  if (!known) co_return ctx.fail(known.error());
  auto asked = ask<result<void>>([this, kind = *kind, service = text_of(params.getService())](auto take) {
    of_.router().set_policy(service, kind, std::move(take));
  });
  const auto applied = co_await asked;
  if (!applied) ctx.fail(applied.error());
}

}  // namespace troupe
