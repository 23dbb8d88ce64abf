// An ingress at a port of its own, and whoever dials it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/actor/clock.hpp>
#include <troupe/serving/ingress.hpp>
#include <troupe/wire/call.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/signals.hpp>

#include "actor/environment_fixture.hpp"
#include "transport/loop_fixture.hpp"

namespace troupe::serving::test {

using bytes = std::vector<std::byte>;
using wire::frame_kind;
using wire::short_frame;

inline constexpr auto service_name = "test.Echo";

inline wire::hello sound_hello(std::uint64_t node = 7) {
  return {.cluster = "test", .from = {{node}, {1}}, .name = "shop-1"};
}

/// A node that has dialled.
struct dialler {
  /// Of what it has heard, the next; never without one.
  wire::message_ptr next(transport::loop_fixture& where) {
    REQUIRE(where.eventually([&] { return heard.received.size() > read; }));
    return where.on_loop([&] { return wire::open(heard.received[read++], wire::frame_limits{}).value(); });
  }

  transport::link_witness heard;
  std::unique_ptr<transport::link> connection;
  std::size_t read = 0;
};

/// An ingress at a port of its own, with one service, and whoever dials it.
class ingress_fixture {
 public:
  explicit ingress_fixture(const server_options& options = {}) : settings(options) {
    auto sockets = transport::listen_on(*parse_endpoint("127.0.0.1:0"));
    REQUIRE(sockets);
    address = sockets->bound;
    auto placed = std::make_unique<hosted_service>(service_spec{.name = service_name});
    echo = placed.get();
    echo->queue = std::make_shared<actor::turn_queue>();
    echo->core.life().launched(actor::now());
    services.emplace(service_name, std::move(placed));
    where.on_loop([&] {
      desk.open([] {}, [] {});
      door = std::make_unique<ingress>(
          shared, settings, std::move(sockets->tcp), services, desk,
          ingress::collaborators{
              .exchange =
                  [this](link_number, bytes message, ingress::collaborators::sync_answer answer) {
                    syncs.push_back({std::move(message), std::move(answer)});
                  },
              .exchange_cut = [this](link_number) { ++syncs_cut; }});
      door->start([this] { ++local_wakes; });
    });
  }
  ~ingress_fixture() {
    where.on_loop([&] { waiting.clear(); });
    if (!stopped) stop();
    where.on_loop([&] { desk.close(); });
    for (auto& each : diallers) cut(*each);
    where.on_loop([] {});
  }

  void stop() {
    stopped = true;
    where.on_loop([&] {
      door->stop_accepting();
      door->close("the test is over");
    });
  }

  dialler& dial() {
    auto& made = *diallers.emplace_back(std::make_unique<dialler>());
    where.on_loop([&] {
      made.connection = shared.connector.dial(address, made.heard).value();
      made.connection->start();
    });
    REQUIRE(where.eventually([&] { return made.heard.opened > 0; }));
    return made;
  }
  /// One that has been welcomed.
  dialler& join(const wire::hello& hello = sound_hello()) {
    auto& made = dial();
    say(made, short_frame(hello));
    REQUIRE(wire::read_welcome(*made.next(where)));
    return made;
  }
  /// Its end of the link, and so the connection, is gone.
  void cut(dialler& who) {
    where.on_loop([&] {
      if (who.connection) who.connection->close("enough");
      where.loop().dispose(std::move(who.connection));
    });
  }
  void say(dialler& who, capnp::MessageBuilder& what) {
    where.on_loop([&] { who.connection->send(what, transport::link::when_full::append); });
  }
  void request(dialler& who, std::uint64_t attempt) {
    wire::request_envelope envelope;
    envelope.begin({.service = service_name});
    envelope.stamp({.attempt = {attempt}, .remaining = 30s}, {});
    say(who, envelope.message());
  }
  /// What all that it has said before has led to can be seen.
  void sync_with(dialler& who) {
    say(who, short_frame(wire::ping{99}));
    CHECK(who.next(where)->kind() == frame_kind::pong);
  }
  bool is_closed(dialler& who) {
    return where.eventually([&] { return who.heard.closed; });
  }
  /// So many requests wait in the service's queue.
  bool wait_for_requests(std::size_t count) {
    return where.eventually([&] {
      std::vector<actor::turn_queue::item> items;
      echo->queue->items().take(items);
      for (auto& each : items) {
        auto& queued = std::get<std::unique_ptr<actor::queued_request, actor::hand_back>>(each);
        waiting.emplace_back(static_cast<incoming_request*>(queued.release()));
      }
      return waiting.size() == count;
    });
  }
  void close_overdue(time_point now) {
    where.on_loop([&] { door->close_overdue(now); });
  }
  std::vector<actor::link_report> links() {
    return where.on_loop([&] { return told().first; });
  }
  std::uint64_t counted(std::string_view what) {
    const auto all = where.on_loop([&] { return told().second; });
    return std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.first == what; })->second;
  }
  std::pair<std::vector<actor::link_report>, actor::counters> told() const {
    std::pair<std::vector<actor::link_report>, actor::counters> all;
    door->tell(all.first, all.second);
    return all;
  }

  transport::loop_fixture where;
  server_options settings;
  actor::environment shared = troupe::test::environment_of(where.engine(), "pay-2");
  endpoint address;
  service_table services;
  hosted_service* echo = nullptr;
  std::vector<wire::frame> local_answers;
  request_desk desk{
      shared,
      settings,
      {.local_answer = [this](wire::frame answer) { local_answers.push_back(std::move(answer)); },
       .wake_by = [](time_point) {}}};
  struct sync {
    bytes message;
    ingress::collaborators::sync_answer answer;
  };
  std::vector<sync> syncs;
  int syncs_cut = 0;
  int local_wakes = 0;
  bool stopped = false;
  std::unique_ptr<ingress> door;
  std::vector<std::unique_ptr<dialler>> diallers;
  std::vector<request_ptr> waiting;
};

}  // namespace troupe::serving::test
