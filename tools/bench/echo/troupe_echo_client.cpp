// Troupe's side of the echo benchmark, calling: a node that serves nothing, joins, and keeps its window full,
// with `then` on the event loop, or with co_await in an actor there or on the pool.
#include <cstdio>
#include <future>
#include <utility>

#include <troupe/troupe.hpp>

#include "echo.troupe.hpp"
#include "measurement.hpp"

namespace {

using echo_response = troupe::response<bench::Echo::EchoResults>;

constexpr std::array<std::byte, bench::body_bytes> body{};

/// Every call of a run: who makes one says when it began.
struct load {
  load(const bench::plan& plan, troupe::client<bench::Echo> echoes)
      : measured(plan), echo(std::move(echoes)) {}

  auto call() {
    return echo.echo([this](auto params) {
      params.setId(++last_id);
      params.setBody(kj::arrayPtr(reinterpret_cast<const kj::byte*>(body.data()), body.size()));
    });
  }
  std::optional<bench::instant> ended(bench::instant began, const echo_response& reply) {
    if (!reply)
      measured.failed(reply.error().explain());
    else if (reply->getBody().size() != body.size())
      measured.failed("an echo of another size");
    return measured.next(began);
  }

  bench::measurement measured;
  troupe::client<bench::Echo> echo;
  std::uint64_t last_id = 0;
  std::promise<void> over;
};

void keep_calling(load& made, bench::instant began) {
  made.call().then([&made, began](const echo_response& reply) {
    if (const auto next = made.ended(began, reply))
      keep_calling(made, *next);
    else if (made.measured.over())
      made.over.set_value();
  });
}

class driver final : public bench::DriverService {
 public:
  explicit driver(load* made) : load_(*made) {}

  troupe::task<> drive(troupe::context&, DriveParams::Reader, DriveResults::Builder) override {
    for (std::optional began = load_.measured.first(); began;) {
      const auto reply = co_await load_.call();
      began = load_.ended(*began, reply);
    }
    if (load_.measured.over()) load_.over.set_value();
  }

 private:
  load& load_;
};

void run_chains(load& made, unsigned window) {
  // The first continuation brings the rest onto the event loop, where all of them then stay.
  made.call().then([&made, window](const echo_response&) {
    for (unsigned i = 0; i < window; ++i) keep_calling(made, made.measured.first());
  });
  made.over.get_future().wait();
}

void run_actor(load& made, unsigned window, troupe::node& node, troupe::placement where) {
  node.host<driver>({.runs_on = where, .in_flight_max = 100'000}, &made);
  const auto client = node.client<bench::Driver>();
  for (unsigned i = 0; i < window; ++i)
    client.drive().on(node.self().node).then([&made](const auto& reply) {
      if (!reply) made.measured.failed(reply.error().explain());
    });
  made.over.get_future().wait();
}

}  // namespace

int main(int argc, char** argv) {
  const auto plan = bench::read_plan(argc, argv);
  try {
    auto node = troupe::node::join(plan.address, {.log_level = "error"});
    load made(plan, node.client<bench::Echo>());
    if (plan.drive == "then")
      run_chains(made, plan.window);
    else
      run_actor(made, plan.window, node,
                plan.drive == "pool" ? troupe::placement::pool : troupe::placement::event_loop);
    node.stop();
    return made.measured.report();
  } catch (const std::exception& problem) {
    return std::fprintf(stderr, "troupe_echo_client: %s\n", problem.what()), 1;
  }
}
