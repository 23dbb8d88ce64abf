// A replica for the benchmark of goodput: one request at a time, each as long as it is told.
//
//   bench_goodput_server --takes 10ms [--runs-on pool] [node options]
#include <thread>

#include <troupe/actor/clock.hpp>
#include <troupe/troupe.hpp>

#include "goodput.troupe.hpp"

namespace {

class busy_service final : public bench::BusyService {
 public:
  explicit busy_service(troupe::duration takes) : takes_(takes) {}

  troupe::task<> work(troupe::context&, WorkParams::Reader, WorkResults::Builder) override {
    // The end of it is waited for awake: a sleep lasts some tenths of a millisecond longer than it should.
    constexpr troupe::duration awake = std::chrono::microseconds(300);
    const auto end = troupe::actor::now() + takes_;
    if (takes_ > awake) std::this_thread::sleep_for(takes_ - awake);
    while (troupe::actor::now() < end) continue;
    co_return;
  }

 private:
  troupe::duration takes_;
};

}  // namespace

int main(int argc, char** argv) {
  troupe::duration takes = std::chrono::milliseconds(10);
  troupe::program_options own("A replica for the benchmark of goodput.");
  own.add("takes", takes, "How long it works on a request.");
  return troupe::run(argc, argv, own, {.log_level = "error"}, [&](troupe::node& node) {
    node.host<busy_service>({.runs_on = troupe::placement::pool}, takes);
  });
}
