// A replica for the benchmark of choices:
//
//   bench_choice_server --executions FOLDER [--cold-factor 10 --cold-for 3s] [node options]
//
// Its work is waiting, not computing: a few processors serve many replicas, and how long an answer takes is
// the scenario's doing. Requests do not wait for one another; what makes a replica slow makes all of them so.
#include <algorithm>
#include <chrono>
#include <string>

#include <troupe/actor/clock.hpp>
#include <troupe/troupe.hpp>

#include "choice.troupe.hpp"
#include "execution_log.hpp"

namespace {

struct arguments {
  std::string executions;
  double cold_factor = 1;
  troupe::duration cold_for{0};
};

class work_service final : public bench::WorkService {
 public:
  work_service(const arguments& how, const std::string& node)
      : executed_(how.executions, node),
        cold_factor_(how.cold_factor),
        cold_until_(troupe::actor::now() + how.cold_for) {}

  troupe::task<> repeatable(troupe::context& ctx, RepeatableParams::Reader params,
                            RepeatableResults::Builder) override {
    executed_.begins(params.getNumber());
    if (failing_) co_return fail(ctx);
    co_await ctx.sleep(time_for(params.getMicros()));
  }

  troupe::task<> once(troupe::context& ctx, OnceParams::Reader params, OnceResults::Builder) override {
    executed_.begins(params.getNumber());
    if (failing_) co_return fail(ctx);
    co_await ctx.sleep(time_for(params.getMicros()));
  }

  troupe::task<> behave(troupe::context&, BehaveParams::Reader params, BehaveResults::Builder) override {
    slowness_ = std::clamp(params.getSlowness(), 1., 1000.);
    failing_ = params.getFailing();
    co_return;
  }

 private:
  static void fail(troupe::context& ctx) { ctx.fail(troupe::code::internal, "failing on purpose"); }

  troupe::duration time_for(std::uint32_t micros) const {
    const double cold = troupe::actor::now() < cold_until_ ? cold_factor_ : 1;
    return troupe::from_seconds(micros * 1e-6 * slowness_ * cold);
  }

  troupe::choice::execution_log executed_;
  double cold_factor_;
  troupe::time_point cold_until_;
  double slowness_ = 1;
  bool failing_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  arguments said;
  troupe::program_options own("A replica for the benchmark of choices.");
  own.need("executions", said.executions, "The folder where executions are noted.")
      .add("cold_factor", said.cold_factor, troupe::between(1, 1000), "How many times slower it begins.")
      .add("cold_for", said.cold_for, "How long.");
  return troupe::run(argc, argv, own, {.log_level = "error"}, [&](troupe::node& node) {
    node.host<work_service>({.runs_on = troupe::placement::event_loop,
                             .in_flight_max = 1000,
                             .concurrency = troupe::concurrency::fixed},
                            said, node.name());
  });
}
