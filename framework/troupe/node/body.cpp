#include <array>
#include <random>
#include <utility>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <unistd.h>

#include <troupe/actor/clock.hpp>
#include <troupe/node/admin_service.hpp>
#include <troupe/node/ask_actor.hpp>
#include <troupe/node/body.hpp>
#include <troupe/node/gossip_keys.hpp>
#include <troupe/node/node_change_of.hpp>

namespace troupe {

namespace {

std::string random_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  std::random_device entropy;
  const auto tail = (std::uint64_t{entropy()} << 32) | entropy();
  return std::string(host.data()).substr(0, 40) + "-" + std::to_string(::getpid()) + "-" +
         to_hex(tail).substr(0, 6);
}

std::shared_ptr<spdlog::logger> make_log(const node_options& options) {
  auto log =
      std::make_shared<spdlog::logger>(options.name, std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  log->set_level(spdlog::level::from_str(options.log_level));
  log->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-5l%$ [%n] %v");
  log->flush_on(spdlog::level::info);
  return log;
}

/// What capnpc-troupe demands of the names in an IDL.
bool is_service_name(std::string_view name) {
  return !name.empty() && name.size() <= membership::service_name_bytes_max &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
             std::string_view::npos;
}

}  // namespace

node::body::body(node_options wanted) : options(std::move(wanted)), started_(actor::now()) {
  if (options.name.empty()) options.name = random_name();
  if (const auto sound = options.validate(); !sound) throw start_error(sound.error());
  auto keys = load_gossip_keys(options);
  if (!keys) throw start_error(keys.error());
  auto sockets = transport::listen_on(parse_endpoint(options.listen).value());
  if (!sockets) throw start_error(sockets.error());
  auto address = sockets->bound;
  if (!options.advertise.empty()) {
    address = parse_endpoint(options.advertise).value();
    if (address.port == 0) address.port = sockets->bound.port;
  }
  engine_ = std::make_unique<actor::engine>(options.pool_threads);
  shared = std::make_unique<actor::environment>(actor::environment{
      .engine = *engine_,
      .log = make_log(options),
      .cluster = options.cluster,
      .name = options.name,
      .zone = options.zone,
      .self = {node_id_of(options.cluster, options.name), epoch{actor::wall_micros()}},
      .address = address,
      .links = options.links,
      .connector = transport::connector(engine_->loop(), options.links),
      .keep_alive = options.keep_alive,
      .features = options.features,
  });
  port = std::make_shared<calling::router_port>();
  spawn_actors(std::move(*sockets), std::move(*keys));
  if (options.role == gossip::role::member)
    if (const auto hosted = host(admin::AdminService::descriptor(), {.runs_on = placement::event_loop},
                                 [this] { return std::make_unique<admin_service>(*this); });
        !hosted) {
      (void)stop();
      throw start_error(hosted.error());
    }
}

void node::body::spawn_actors(transport::listening_sockets sockets, crypto::ring keys) {
  auto& system = engine_->system();
  auto* loop = engine_->loop_unit();
  router_ = actor::spawn_bound<calling::router_actor>(system, loop, *shared, options.routing, port);
  gossip::gossip_options gossip_settings;
  gossip_settings.role = options.role;
  gossip_settings.core = membership_of(options);
  gossip_settings.periods = options.gossip;
  gossip_settings.seeds = options.join;
  gossip_settings.keys = std::move(keys);
  gossip_settings.keyring = options.keyring;
  gossip_ = actor::spawn_bound<gossip::gossip_actor>(
      system, loop, *shared, gossip_settings, std::move(sockets.udp),
      gossip::gossip_actor::collaborators{.members_changed =
                                              [this](const std::vector<membership::member>& members) {
                                                std::vector<calling::node_change> changes;
                                                for (const auto& who : members)
                                                  changes.push_back(node_change_of(who));
                                                router().nodes_changed(std::move(changes));
                                              },
                                          .happened =
                                              [this](const membership::event& what) {
                                                if (what.kind == membership::event_kind::left &&
                                                    what.subject.self.node == shared->self.node && !stopping_)
                                                  ask_to_stop("another process has taken the name '" +
                                                              shared->name + "'");
                                              }});
  server_ = actor::spawn_bound<serving::server>(
      system, loop, *shared, options.server, std::move(sockets.tcp),
      serving::server::collaborators{
          .membership = {.exchange =
                             [this](serving::link_number link, std::vector<std::byte> message,
                                    serving::ingress::collaborators::sync_answer answer) {
                               gossip().exchange(link, std::move(message), std::move(answer));
                             },
                         .exchange_cut = [this](serving::link_number link) { gossip().exchange_cut(link); }},
          .local_answer = [door = port](wire::frame answer) { door->local_answer(std::move(answer)); }});
  router().serve_locally(server().local_requests());
  router().report_life([this](std::vector<identity> heard) { gossip().heard_from(std::move(heard)); });
  shared->log->info("node {} of cluster {} listens on {}", shared->name, shared->cluster,
                    to_string(shared->address));
}

result<void> node::body::host(const interface_descriptor& interface, const hosting& wanted,
                              std::function<std::unique_ptr<service>()> make) {
  const std::string name(wanted.as.empty() ? interface.service : std::string_view(wanted.as));
  const auto how = hosting_of(options, name, wanted);
  if (!is_service_name(name))
    return error{code::invalid_argument,
                 "a service cannot be hosted as '" + name + "': a name is 1 to 128 of A-Z a-z 0-9 . _ -"};
  if (options.role == gossip::role::observer)
    return error{code::failed_precondition, "an observer hosts no services: start the node as a member"};
  if (const auto sound = hosting::list().check(how); !sound)
    return error{code::invalid_argument, name + ": " + sound.error().text};
  serving::service_spec spec{name, interface.id, how, [make = std::move(make), door = port] {
                               return std::make_unique<coroutine_host>(make(), door);
                             }};
  auto started =
      ask_actor<result<void>>([&](auto ready) { server().host(std::move(spec), std::move(ready)); });
  if (!started) return started;
  {
    const std::lock_guard lock(services_mutex_);
    services_.emplace(name, std::make_pair(&interface, how.weight));
  }
  publish();
  return {};
}

void node::body::publish() {
  std::vector<membership::service_entry> offered;
  {
    const std::lock_guard lock(services_mutex_);
    for (const auto& [name, hosted] : services_) offered.push_back({name, hosted.first->id, hosted.second});
  }
  gossip().publish(std::move(offered));
}

const interface_descriptor* node::body::interface_of(std::string_view service) const {
  const std::lock_guard lock(services_mutex_);
  const auto found = services_.find(service);
  return found == services_.end() ? nullptr : found->second.first;
}

void node::body::ready() {
  gossip().set_mode(membership::mode::ready);
  shared->log->info("node {} is ready", shared->name);
}

void node::body::ask_to_stop(const std::string& why) {
  std::function<void(const std::string&)> told;
  {
    const std::lock_guard lock(mutex);
    if (!stop_reason.empty()) return;
    stop_reason = why;
    told = stop_asked;
  }
  shared->log->warn("this node should stop: {}", why);
  if (told) told(why);
}

std::size_t node::body::stop() {
  if (stopped_.exchange(true)) return 0;
  stopping_ = true;
  shared->log->info("node {} stops", shared->name);
  gossip().set_mode(membership::mode::draining);
  const auto left = ask_actor<std::size_t>(
      [this](auto idle) { server().drain("it is stopping", options.drain_limit, std::move(idle)); });
  if (left > 0)
    shared->log->warn("{} requests were still under way after {}", left,
                      format_duration(options.drain_limit));
  const auto done = [](auto begin) { ask_actor<bool>([&](auto ended) { begin([ended] { ended(true); }); }); };
  done([this](auto ended) { gossip().leave(std::move(ended)); });
  // Services first: what they still wait for comes back through the router, which must be there.
  done([this](auto ended) { server().stop(std::move(ended)); });
  done([this](auto ended) { gossip().stop(std::move(ended)); });
  done([this](auto ended) { router().stop(std::move(ended)); });
  engine_->wait_for_end({server_, gossip_, router_});
  server_ = gossip_ = router_ = nullptr;
  engine_.reset();
  return left;
}

node::body::~body() { (void)stop(); }

}  // namespace troupe
