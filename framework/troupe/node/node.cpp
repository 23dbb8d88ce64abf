#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include <troupe/actor/clock.hpp>
#include <troupe/node/ask_actor.hpp>
#include <troupe/node/body.hpp>
#include <troupe/node/node.hpp>

namespace troupe {

namespace {

constexpr duration join_within = std::chrono::seconds(5);
/// Why the node cannot be asked now, if so.
std::optional<error> obstacle(const node::body& of) {
  if (of.stopped()) return error{code::unavailable, "this node has stopped"};
  if (of.port->on_event_loop() || actor::turn_queue::current())
    return error{code::failed_precondition,
                 "asking the node waits for its actors, which would block this one: ask from another thread"};
  return std::nullopt;
}

constexpr auto join_poll = std::chrono::milliseconds(10);

}  // namespace

node::node(node_options options) : body_(std::make_unique<body>(std::move(options))) {}

node::node(node&&) noexcept = default;

node::~node() = default;

node node::join(const std::string& seed, node_options options) {
  options.join.push_back(seed);
  node joined(std::move(options));
  const auto limit = actor::now() + join_within;
  while (!joined.joined()) {
    if (actor::now() > limit)
      throw start_error({code::unavailable, "nobody answers at " + seed + " as a member of cluster '" +
                                                joined.cluster() + "' within " +
                                                format_duration(join_within) +
                                                ": check the address and that the node runs"});
    std::this_thread::sleep_for(join_poll);
  }
  joined.ready();
  return joined;
}

void node::host_made(const interface_descriptor& interface, const hosting& how,
                     std::function<std::unique_ptr<service>()> make) {
  if (const auto problem = obstacle(*body_)) throw start_error(*problem);
  if (const auto hosted = body_->host(interface, how, std::move(make)); !hosted)
    throw start_error(hosted.error());
}

std::shared_ptr<calling::call_port> node::port() const { return body_->port; }

void node::ready() {
  if (!body_->stopped()) body_->ready();
}

std::vector<membership::member> node::members() const {
  if (const auto problem = obstacle(*body_)) {
    if (problem->code == code::unavailable) return {};
    throw start_error(*problem);
  }
  return ask_actor<gossip::gossip_actor::report>(
             [this](auto take) { body_->gossip().inspect(std::move(take)); })
      .members;
}

bool node::joined() const {
  if (const auto problem = obstacle(*body_)) {
    if (problem->code == code::unavailable) return false;
    throw start_error(*problem);
  }
  return ask_actor<gossip::gossip_actor::report>(
             [this](auto take) { body_->gossip().inspect(std::move(take)); })
      .joined;
}

result<void> node::set_policy(std::string_view service, balance::policy_kind kind,
                              std::vector<routing::weight_setting> weights) {
  if (const auto problem = obstacle(*body_)) return *problem;
  return ask_actor<result<void>>([&](auto take) {
    body_->router().set_options(std::string(service), {kind, std::move(weights)},
                                calling::router_actor::unknown::taken, std::move(take));
  });
}

result<void> node::use_policy(std::string_view service, std::unique_ptr<balance::policy> own) {
  if (const auto problem = obstacle(*body_)) return *problem;
  if (!own) return error{code::invalid_argument, "there is no policy in that pointer"};
  return ask_actor<result<void>>(
      [&](auto take) { body_->router().use_policy(std::string(service), std::move(own), std::move(take)); });
}

result<balance::explanation> node::explain(std::string_view service) const {
  if (const auto problem = obstacle(*body_)) return *problem;
  auto seen = ask_actor<result<calling::router_actor::service_view>>(
      [&](auto take) { body_->router().explain(std::string(service), std::nullopt, std::move(take)); });
  if (!seen) return seen.error();
  return std::move(seen->replicas);
}

result<routing::recent_call> node::explain_call(std::string_view name) const {
  if (const auto problem = obstacle(*body_)) return *problem;
  return ask_actor<result<routing::recent_call>>(
      [&](auto take) { body_->router().find_call(std::string(name), std::move(take)); });
}

const std::string& node::name() const { return body_->shared->name; }

const std::string& node::cluster() const { return body_->shared->cluster; }

const endpoint& node::address() const { return body_->shared->address; }

identity node::self() const { return body_->shared->self; }

const std::vector<std::string>& node::arguments() const {
  body_->arguments_read = true;
  return body_->arguments;
}

std::size_t node::stop() { return body_->stop(); }

void node::when_asked_to_stop(const std::function<void(const std::string& why)>& what) {
  std::string why;
  {
    const std::lock_guard lock(body_->mutex);
    body_->stop_asked = what;
    why = body_->stop_reason;
  }
  if (!why.empty()) what(why);
}

}  // namespace troupe
