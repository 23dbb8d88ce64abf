// The links that a node makes, against a replica that says what a test has it say; time is the test's own.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/actor/clock.hpp>
#include <troupe/calling/egress.hpp>
#include <troupe/transport/listener.hpp>
#include <troupe/wire/call.hpp>
#include <troupe/wire/hello.hpp>
#include <troupe/wire/signals.hpp>

#include "actor/environment_fixture.hpp"
#include "transport/loop_fixture.hpp"

namespace troupe::calling {

using routing::node_status;

/// What the router would be told.
struct router_witness : egress::listener {
  void on_node_change(const routing::node_view& now_known, time_point) override {
    views.push_back(now_known);
  }
  void on_link_up(node_id to, wire::feature_set agreed, time_point) override { up.emplace_back(to, agreed); }
  void on_link_down(node_id, const std::string& why, time_point) override { down.push_back(why); }
  void on_congestion(node_id, transport::link::owner::congestion, time_point) override {}
  void on_heard(node_id, time_point) override {}
  result<void> on_reply(wire::message_ptr reply, time_point) override {
    replies.push_back(wire::read_reply(*reply).value().attempt.value);
    return {};
  }
  void on_load(node_id, const wire::load_answer& said, time_point) override {
    loads.emplace_back(said.service);
  }
  void on_silence(node_id from, time_point) override { silent.push_back(from); }
  void on_told(time_point) override {}

  std::vector<routing::node_view> views;
  std::vector<std::pair<node_id, wire::feature_set>> up;
  std::vector<std::string> down;
  std::vector<std::uint64_t> replies;
  std::vector<std::string> loads;
  std::vector<node_id> silent;
};

constexpr node_id replica{7};

/// An egress, and a replica at a port of its own that answers hellos by `welcome`.
class egress_fixture {
 public:
  egress_fixture() {
    auto sockets = transport::listen_on(*parse_endpoint("127.0.0.1:0"));
    REQUIRE(sockets);
    address = sockets->bound;
    where.on_loop([&] {
      door = std::make_unique<transport::listener>(
          where.loop(), std::move(sockets->tcp),
          [this](transport::owned_fd fd, endpoint from) {
            accepted = shared.connector.adopt(std::move(fd), from, heard);
            accepted->start();
          },
          [] {});
      door->start();
    });
    heard.on_each = [this](transport::link& which) {
      if (heard.received.size() > 1) return;
      const auto read = wire::open(heard.received.front(), wire::frame_limits{});
      hello = *wire::read_hello(**read);
      if (welcomes) which.send(wire::short_frame(welcome), transport::link::when_full::append);
    };
  }
  ~egress_fixture() {
    where.on_loop([&] {
      links.close_all("the test is over");
      door->stop();
      if (accepted) {
        accepted->close("the test is over");
        where.loop().dispose(std::move(accepted));
      }
      where.loop().dispose(std::move(door));
    });
    where.on_loop([] {});
  }

  void learn(node_status status = node_status::serving) {
    where.on_loop([&] {
      links.learn({.view = {.self = {replica, {1}}, .name = "pay-2", .status = status}, .address = address},
                  now);
    });
  }
  void dial() {
    where.on_loop([&] { links.dial(replica, now); });
  }
  void connect() {
    learn();
    dial();
    REQUIRE(where.eventually([&] { return !told.up.empty(); }));
  }
  void say(capnp::MessageBuilder& what) {
    where.on_loop([&] { accepted->send(what, transport::link::when_full::append); });
  }
  bool is_open() {
    return where.on_loop([&] { return links.find(replica).has_value(); });
  }
  void check_at(time_point at) {
    where.on_loop([&] { links.check(at); });
  }
  std::string reason() {
    REQUIRE(where.eventually([&] { return !told.down.empty(); }));
    return told.down.back();
  }

  transport::loop_fixture where;
  actor::environment shared = troupe::test::environment_of(where.engine(), "shop-1");
  endpoint address;
  std::unique_ptr<transport::listener> door;
  transport::link_witness heard;
  std::unique_ptr<transport::link> accepted;
  wire::hello hello;
  bool welcomes = true;
  wire::welcome welcome{.from = {replica, {1}}, .name = "pay-2"};
  time_point now = actor::now();
  router_witness told;
  egress links{shared, told};
};

TEST_CASE("a node that says welcome may be sent to, with what both sides speak") {
  egress_fixture it;
  it.welcome.features = wire::feature_set::all().without(wire::feature::bouncing);
  it.learn();
  CHECK_FALSE(it.is_open());
  it.connect();
  CHECK(it.hello.name == "shop-1");
  CHECK(it.told.up.front().first == replica);
  CHECK_FALSE(it.told.up.front().second.has(wire::feature::bouncing));
  CHECK(it.told.up.front().second.has(wire::feature::load_queries));
  CHECK(it.is_open());
  it.dial();  // there is a link
  CHECK(it.told.up.size() == 1);
  CHECK(it.told.down.empty());
}

TEST_CASE("whoever else answers at the address of a node is not taken for it") {
  egress_fixture it;
  it.welcome = {.from = {{8}, {1}}, .name = "pay-9"};
  it.learn();
  it.dial();
  CHECK(it.reason() == "another node, pay-9, answers at " + to_string(it.address));
  CHECK_FALSE(it.is_open());
}

TEST_CASE("why there is no link is said at once") {
  egress_fixture it;
  SUBCASE("the node's address is not known") {
    it.dial();
    CHECK(it.reason() == "its address is not known");
  }
  SUBCASE("nobody listens there") {
    it.where.on_loop([&] { ::shutdown(it.door->fd(), SHUT_RDWR); });
    it.learn();
    it.dial();
    CHECK(it.reason() == "Connection refused");
  }
  SUBCASE("the peer refuses the hello") {
    it.welcomes = false;
    it.learn();
    it.dial();
    REQUIRE(it.where.eventually([&] { return !it.heard.received.empty(); }));
    wire::short_frame refusal(wire::refusal{{code::permission_denied, "this is another cluster"}});
    it.say(refusal);
    CHECK(it.reason().find("refused: this is another cluster") == 0);
  }
  SUBCASE("there is no welcome in time") {
    it.welcomes = false;
    it.learn();
    it.dial();
    it.check_at(it.now + 1900ms);
    CHECK(it.told.down.empty());
    it.check_at(it.now + 2s);
    CHECK(it.reason() == "it did not answer in time");
  }
}

TEST_CASE("a node that has moved or gone loses its link, and the router knows why it was closed before") {
  egress_fixture it;
  it.connect();
  SUBCASE("moved") {
    it.address = *parse_endpoint("127.0.0.1:1");
    it.learn();
    CHECK(it.reason() == "the node has moved");
    CHECK(it.links.label_of(replica).address == "127.0.0.1:1");
  }
  SUBCASE("gone") {
    it.learn(node_status::gone);
    CHECK(it.reason() == "the node is gone");
    CHECK(it.told.views.back().status == node_status::gone);
    CHECK(it.links.label_of(replica).name == to_hex(7));
  }
}

TEST_CASE("what a replica says is told by its kind, and what only callers say ends the link") {
  egress_fixture it;
  it.connect();
  wire::reply_envelope reply;
  reply.answers({42});
  it.say(reply.message());
  wire::short_frame load(wire::load_answer{.service = "pay.Payment", .load = {}});
  it.say(load);
  wire::short_frame farewell(wire::go_away{"new kernel"});
  it.say(farewell);
  REQUIRE(it.where.eventually([&] { return it.told.views.size() == 2; }));
  CHECK(it.told.replies == std::vector<std::uint64_t>{42});
  CHECK(it.told.loads == std::vector<std::string>{"pay.Payment"});
  CHECK(it.told.views.back().status == node_status::draining);
  wire::short_frame nonsense(wire::cancel{{42}});
  it.say(nonsense);
  CHECK(it.reason() == "a frame that only the calling side may send");
}

TEST_CASE("a link on which nothing is heard gets a ping, is told to be silent, and is given up") {
  egress_fixture it;
  std::vector<identity> alive;
  it.where.on_loop([&] { it.links.report_life([&](const std::vector<identity>& heard) { alive = heard; }); });
  it.connect();
  it.check_at(actor::now());
  wire::short_frame load(wire::load_answer{.service = "pay.Payment", .load = {}});
  it.say(load);
  REQUIRE(it.where.eventually([&] { return it.told.loads.size() == 1; }));
  auto at = actor::now();
  const auto pass = [&](duration wait) {
    const auto until = at + wait;
    while (at < until) it.check_at(at += 50ms);
  };
  pass(50ms);
  CHECK(alive == std::vector{it.welcome.from});
  pass(350ms);
  REQUIRE(it.where.eventually([&] { return it.heard.received.size() == 2; }));
  pass(150ms);
  CHECK(it.told.silent.empty());
  pass(200ms);
  CHECK(it.told.silent == std::vector<node_id>{replica});
  pass(5s);
  CHECK(it.told.silent.size() == 1);
  CHECK(it.is_open());
  pass(10s);
  CHECK(it.reason() == "it has been silent for too long");
}

TEST_CASE("a process that did not run itself blames nobody for the silence") {
  egress_fixture it;
  it.connect();
  const auto at = actor::now();
  it.check_at(at + 50ms);
  it.check_at(at + 30s);
  it.check_at(at + 30s + 50ms);
  CHECK(it.told.silent.empty());
  CHECK(it.is_open());
}

}  // namespace troupe::calling
