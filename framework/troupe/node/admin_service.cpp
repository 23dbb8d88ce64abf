#include <algorithm>
#include <optional>
#include <string>

#include <unistd.h>

#include <troupe/actor/clock.hpp>
#include <troupe/node/admin_records.hpp>
#include <troupe/node/admin_service.hpp>
#include <troupe/reflection/schema_nodes.hpp>
#include <troupe/service/inquiry.hpp>
#include <troupe/wire/text.hpp>

namespace troupe {

namespace {

using wire::text_of;

constexpr std::uint32_t calls_max = 1000;  // in one answer

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
  to.setUpMicros(to_micros(actor::now() - of_.started()));
  to.setVersion(TROUPE_VERSION);
  to.setZone(of_.shared->zone);
  co_return;
}

task<> admin_service::members(context&, MembersParams::Reader, MembersResults::Builder results) {
  const auto known = co_await ask<gossip::gossip_actor::report>(
      [this](auto take) { of_.gossip().inspect(std::move(take)); });
  auto list = results.initMembers(static_cast<capnp::uint>(known.members.size()));
  const auto now = actor::now();
  for (capnp::uint i = 0; i < list.size(); ++i) write_member(list[i], known.members[i], known.members, now);
}

task<> admin_service::services(context&, ServicesParams::Reader, ServicesResults::Builder results) {
  const auto report =
      co_await ask<serving::server::report>([this](auto take) { of_.server().inspect(std::move(take)); });
  auto list = results.initServices(static_cast<capnp::uint>(report.services.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) {
    const auto& from = report.services[i];
    auto to = list[i];
    to.setName(from.name);
    to.setInterfaceId(from.interface_id);
    to.setPlacement(std::string(to_string(from.runs_on)));
    to.setInFlight(from.in_flight);
    to.setLimit(from.limit);
    to.setRequests(from.counted.requests);
    to.setRefused(from.counted.refused);
    to.setBounced(from.counted.bounced);
    to.setExpired(from.counted.expired);
    to.setFailed(from.counted.failed);
    to.setRestarts(from.restarts);
    to.setQueueMicros(static_cast<std::uint32_t>(to_micros(from.queue_delay)));
    to.setServiceMicros(static_cast<std::uint32_t>(to_micros(from.service_time)));
  }
}

task<> admin_service::describe(context& ctx, DescribeParams::Reader params,
                               DescribeResults::Builder results) {
  const auto* interface = of_.interface_of(text_of(params.getService()));
  if (interface == nullptr)
    co_return ctx.fail(code::not_found,
                       "node " + of_.shared->name + " does not serve " + text_of(params.getService()));
  const auto schema = interface->schema();
  const auto found = reflection::schema_nodes(schema);
  results.setInterfaceId(interface->id);
  auto nodes = results.initNodes(static_cast<capnp::uint>(found.size()));
  for (capnp::uint i = 0; i < nodes.size(); ++i) nodes.setWithCaveats(i, found[i].getProto());
}

task<> admin_service::explain(context& ctx, ExplainParams::Reader params, ExplainResults::Builder results) {
  std::optional<std::uint32_t> method;
  if (params.getMethod() != admin::ANY_METHOD) method = params.getMethod();
  auto asked = ask<result<calling::router_actor::service_view>>(
      [this, method, service = text_of(params.getService())](auto take) {
        of_.router().explain(service, method, std::move(take));
      });
  const auto told = co_await asked;
  if (!told) co_return ctx.fail(told.error());
  write_explanation(results.initExplanation(), *told, actor::now());
}

task<> admin_service::explainCall(context& ctx, ExplainCallParams::Reader params,
                                  ExplainCallResults::Builder results) {
  auto asked = ask<result<routing::recent_call>>(
      [this, name = text_of(params.getCall())](auto take) { of_.router().find_call(name, std::move(take)); });
  const auto told = co_await asked;
  if (!told) co_return ctx.fail(told.error());
  write_call(results.initCall(), *told, of_.shared->self, actor::now());
}

task<> admin_service::calls(context&, CallsParams::Reader params, CallsResults::Builder results) {
  auto asked = ask<std::vector<routing::recent_call>>(
      [this, service = text_of(params.getService()), most = std::min(params.getMost(), calls_max)](
          auto take) { of_.router().list_calls(service, most, std::move(take)); });
  const auto told = co_await asked;
  auto list = results.initCalls(static_cast<capnp::uint>(told.size()));
  const auto now = actor::now();
  for (capnp::uint i = 0; i < list.size(); ++i) write_call(list[i], told[i], of_.shared->self, now);
}

task<> admin_service::events(context&, EventsParams::Reader params, EventsResults::Builder results) {
  auto asked = ask<gossip::gossip_actor::past>(
      [this, after = params.getAfter()](auto take) { of_.gossip().history(after, std::move(take)); });
  const auto told = co_await asked;
  auto list = results.initEvents(static_cast<capnp::uint>(told.events.size()));
  const auto now = actor::now();
  for (capnp::uint i = 0; i < list.size(); ++i) write_event(list[i], told.events[i], now);
  results.setLast(told.last);
}

task<> admin_service::join(context& ctx, JoinParams::Reader params, JoinResults::Builder) {
  std::vector<std::string> seeds;
  for (const auto seed : params.getSeeds()) {
    seeds.push_back(text_of(seed));
    if (const auto parts = split_host_port(seeds.back()); !parts) co_return ctx.fail(parts.error());
  }
  of_.gossip().join(std::move(seeds));
}

task<> admin_service::keys(context&, KeysParams::Reader, KeysResults::Builder results) {
  const auto told = co_await ask<gossip::key_desk::report>(
      [this](auto take) { of_.gossip().inspect_keys(std::move(take)); });
  results.setSealed(!told.keys.empty());
  results.setKept(told.kept);
  results.setProblem(told.problem);
  auto list = results.initKeys(static_cast<capnp::uint>(told.keys.size()));
  for (capnp::uint i = 0; i < list.size(); ++i) {
    const auto& from = told.keys[i];
    list[i].setId(crypto::to_string(from.id));
    list[i].setStanding(std::string(crypto::to_string(from.standing)));
    list[i].setPrimary(told.primary == from.id);
    list[i].setRetiredAt(from.retired_at);
  }
}

task<> admin_service::orderKeys(context& ctx, OrderKeysParams::Reader params,
                                OrderKeysResults::Builder results) {
  const auto order = params.getOrder();
  const auto* const first = reinterpret_cast<const std::byte*>(order.begin());
  auto asked = ask<result<std::string>>([this, bytes = std::vector<std::byte>(first, first + order.size())](
                                            auto take) { of_.gossip().order_keys(bytes, std::move(take)); });
  const auto done = co_await asked;
  if (!done) co_return ctx.fail(done.error());
  results.setDone(*done);
}

task<> admin_service::links(context&, LinksParams::Reader, LinksResults::Builder results) {
  const auto in =
      co_await ask<serving::server::report>([this](auto take) { of_.server().inspect(std::move(take)); });
  const auto out = co_await ask<calling::router_actor::report>(
      [this](auto take) { of_.router().inspect(std::move(take)); });
  const auto gossip = co_await ask<gossip::gossip_actor::report>(
      [this](auto take) { of_.gossip().inspect(std::move(take)); });
  write_links(results, in, out, gossip);
}

task<> admin_service::fault(context& ctx, FaultParams::Reader params, FaultResults::Builder) {
  if (of_.options.faults == fault_injection::refused)
    co_return ctx.fail(
        code::failed_precondition,
        "node " + of_.shared->name + " does not allow faults: start it with --allow-faults true");
  if (params.getFailPercent() > 100) co_return ctx.fail(code::invalid_argument, "failPercent is 0 to 100");
  const admission::injected_fault fault{
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
  routing::service_options how{*kind, {}};
  for (const auto one : params.getWeights()) how.weights.push_back({text_of(one.getTerm()), one.getWeight()});
  auto asked = ask<result<void>>([this, &how, service = text_of(params.getService())](auto take) {
    of_.router().set_options(service, how, calling::router_actor::unknown::refused, std::move(take));
  });
  const auto applied = co_await asked;
  if (!applied) ctx.fail(applied.error());
}

}  // namespace troupe
