// The router against replicas that are queues: a small discrete-event simulation in virtual time.
//
// Poisson arrivals go through the real router core; each replica serves first in, first out, with so many
// workers, exponential service times and a speed that a scenario may change, and drops what nobody waits for;
// the network takes 100 us each way; reports, in replies and to probes, are what a server writes. What is
// asserted are shares, losses and latencies, with wide margins: the figures of merit have their own
// simulator.
#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <queue>
#include <vector>

#include <doctest/doctest.h>

#include <troupe/admission/service_meter.hpp>
#include <troupe/base/random.hpp>
#include <troupe/routing/router.hpp>

namespace {

using namespace troupe;
using namespace troupe::routing;
using rpc::safety;

constexpr duration network = 100us;

struct replica {
  double speed = 1;
  std::uint32_t workers = 1;
  bool frozen = false;
  int missed = 0;         // keep-alives
  bool sinkhole = false;  // fails everything at once
  // what it holds
  struct job {
    attempt_id attempt;
    duration work;
    time_point arrived, deadline;
  };
  std::deque<job> queue;
  std::uint32_t busy = 0;
  admission::service_meter meter;
  std::vector<std::function<void()>> thawing;
};

class world {
 public:
  world(std::uint64_t seed, std::uint32_t count, double calls_per_second, duration mean_work)
      : random_(seed), core_({}, {1}, "eu/a", seed, now), rate_(calls_per_second), work_(mean_work) {
    service_ = core_.intern("sim.Service");
    replicas.resize(count);
    for (std::uint32_t i = 0; i < count; ++i) appear(i);
  }

  time_point now{100s};
  std::vector<replica> replicas;
  // The links' keep-alive: every 250 ms a frame arrives; two that are missing are silence.
  enum class keep_alive : bool { heard_only, on } links = keep_alive::on;

  // What happened since `forget`.
  std::map<std::uint32_t, int> first_attempts, attempts;
  int finished = 0, failed = 0;
  std::vector<double> latencies;

  void appear(std::uint32_t i) {
    if (i >= replicas.size()) replicas.resize(i + 1);
    node_view view;
    view.self = {id_of(i), {1}};
    view.name = "r" + std::to_string(i);
    view.zone = "eu/a";
    view.services.push_back({"sim.Service", 100});
    core_.node_changed(view, now, out_);
    core_.link_up(id_of(i), now, out_);
    perform();
  }
  void forget() {
    first_attempts.clear();
    attempts.clear();
    finished = failed = 0;
    latencies.clear();
  }
  double share(std::uint32_t i) {
    int all = 0;
    for (const auto& [who, count] : attempts) all += count;
    return static_cast<double>(attempts[i]) / all;
  }
  double percentile(double q) {
    std::sort(latencies.begin(), latencies.end());
    return latencies[static_cast<std::size_t>(q * static_cast<double>(latencies.size() - 1))];
  }
  void thaw(std::uint32_t i) {
    replicas[i].frozen = false;
    auto held = std::move(replicas[i].thawing);
    for (auto& each : held) each();
    serve(i);
  }
  const router::counters& counted() const { return core_.counted(); }

  void run(duration time) {
    const time_point end = now + time;
    next_arrival_ = std::max(next_arrival_, now);
    next_keep_alive_ = std::max(next_keep_alive_, now);
    for (;;) {
      const time_point tick = core_.next_deadline();
      const time_point due = events_.empty() ? never : events_.top().at;
      const time_point next = std::min({tick, due, next_arrival_, next_keep_alive_});
      if (next > end) break;
      now = std::max(now, next);
      if (next == due) {
        auto what = events_.top().what;
        events_.pop();
        what();
      } else if (next == next_keep_alive_) {
        keep_links_alive();
      } else if (next == next_arrival_) {
        next_arrival_ = now + from_seconds(random_.exponential(1 / rate_));
        core_.begin({.service = service_, .traits = {.safety = safety::idempotent}, .deadline = now + 2s},
                    now, out_);
      } else {
        core_.tick(now, out_);
      }
      perform();
    }
    now = end;
  }

 private:
  struct event {
    time_point at;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const event& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  static node_id id_of(std::uint32_t i) { return {10 + i}; }
  void after(duration time, std::function<void()> what) {
    events_.push({now + time, order_++, std::move(what)});
  }

  void keep_links_alive() {
    next_keep_alive_ = now + 250ms;
    for (std::uint32_t i = 0; i < replicas.size(); ++i) {
      replica& it = replicas[i];
      it.missed = it.frozen ? it.missed + 1 : 0;
      if (!it.frozen) {
        core_.heard_from(id_of(i), now);
      } else if (links == keep_alive::on && it.missed == 3) {
        core_.fell_silent(id_of(i), now, out_);
      }
    }
  }

  void perform() {
    for (const auto& wanted : out_) {
      if (const auto* sent = std::get_if<transmit>(&wanted)) {
        const auto who = static_cast<std::uint32_t>(sent->to.value - 10);
        ++attempts[who];
        if (sent->number == 1) {
          ++first_attempts[who];
          started_[sent->call] = now;
        }
        after(network,
              [this, who, attempt = sent->attempt, by = now + sent->remaining] { arrive(who, attempt, by); });
      } else if (const auto* off = std::get_if<withdraw>(&wanted)) {
        withdrawn_[off->attempt] = true;
      } else if (const auto* done = std::get_if<finish>(&wanted)) {
        ++finished;
        if (!done->winner || failing_.contains(done->winner)) ++failed;
        latencies.push_back(to_seconds(now - started_[done->call]));
        started_.erase(done->call);
      } else if (const auto* asked = std::get_if<probe>(&wanted)) {
        after(network, [this, who = static_cast<std::uint32_t>(asked->to.value - 10)] { answer_probe(who); });
      }
    }
    out_.clear();
  }

  void arrive(std::uint32_t who, attempt_id attempt, time_point deadline) {
    replica& it = replicas[who];
    if (it.frozen) {
      it.thawing.emplace_back([this, who, attempt, deadline] { arrive(who, attempt, deadline); });
      return;
    }
    if (it.sinkhole) {
      failing_[attempt] = true;
      return reply(who, attempt, code::internal);
    }
    it.queue.push_back({attempt, from_seconds(random_.exponential(to_seconds(work_))), now, deadline});
    serve(who);
  }

  void serve(std::uint32_t who) {
    replica& it = replicas[who];
    while (!it.frozen && it.busy < it.workers && !it.queue.empty()) {
      const replica::job job = it.queue.front();
      it.queue.pop_front();
      // As a Troupe node does: nobody waits for it any more, so it is not executed.
      if (withdrawn_.erase(job.attempt) > 0 || job.deadline <= now) continue;
      ++it.busy;
      it.meter.began(now - job.arrived, now);
      after(from_seconds(to_seconds(job.work) / it.speed),
            [this, who, job, began = now] { complete(who, job, began); });
    }
  }

  void complete(std::uint32_t who, const replica::job& job, time_point began) {
    replica& it = replicas[who];
    if (it.frozen) {
      it.thawing.emplace_back([this, who, job, began] { complete(who, job, began); });
      return;
    }
    it.meter.ended(now - began, now);
    reply(who, job.attempt, code::ok);
    --it.busy;
    serve(who);
  }

  rpc::load_report report(std::uint32_t who) const {
    const replica& it = replicas[who];
    rpc::load_report load;
    load.in_flight = it.busy + static_cast<std::uint32_t>(it.queue.size());
    if (it.sinkhole) load.in_flight = 1;
    load.workers = it.workers;
    load.limit = it.workers * 50;
    load.service_time = it.meter.service_time(now);
    load.service_age = it.meter.service_age(now);
    load.queue_delay = it.meter.queue_delay();
    return load;
  }

  void answer_probe(std::uint32_t who) {
    if (replicas[who].frozen) return;
    after(network, [this, who, load = report(who)] { core_.load_told(id_of(who), service_, load, now); });
  }

  void reply(std::uint32_t who, attempt_id attempt, troupe::code code) {
    after(network, [this, who, attempt, code, load = report(who)] {
      core_.heard_from(id_of(who), now);
      core_.answered(attempt, {retry::fate::answered, code, {}, &load}, now, out_);
    });
  }

  random_source random_;
  router core_;
  double rate_;
  duration work_;
  service_ref service_ = 0;
  actions out_;
  std::priority_queue<event> events_;
  std::uint64_t order_ = 0;
  time_point next_arrival_{}, next_keep_alive_{};
  std::map<call_id, time_point> started_;
  std::map<attempt_id, bool> failing_, withdrawn_;
};

constexpr std::uint64_t seeds[] = {1, 2, 3, 4, 5};

}  // namespace

// Ten replicas get ten seconds of 3,000 calls/s: over 30 other seeds the furthest share was 11.4% off, and 4
// runs had one beyond 10%. What remains is the noise of measured speeds, so the margin says so.
TEST_CASE("three equal replicas share within ten percent, ten within fifteen") {
  for (std::uint32_t count : {3u, 10u})
    for (std::uint64_t seed : seeds) {
      CAPTURE(count);
      CAPTURE(seed);
      const double margin = count == 3 ? .1 : .15;
      world it(seed, count, 300. * count, 2ms);  // load .6
      it.run(3s);
      it.forget();
      it.run(10s);
      for (std::uint32_t i = 0; i < count; ++i) {
        CHECK(it.share(i) > (1 - margin) / count);
        CHECK(it.share(i) < (1 + margin) / count);
      }
      CHECK(it.failed == 0);
    }
}

TEST_CASE("a replica at a tenth of the speed gets a small share, and the tail stays near the others'") {
  for (std::uint32_t count : {3u, 10u})
    for (std::uint64_t seed : seeds) {
      CAPTURE(count);
      CAPTURE(seed);
      world it(seed, count, 150. * count, 2ms);
      it.run(2s);
      const double before = it.percentile(.99);
      it.replicas[0].speed = .1;
      it.run(1s);
      it.forget();
      it.run(10s);
      CHECK(it.share(0) < .25 / count);
      CHECK(it.failed == 0);
      CHECK(it.percentile(.99) < before * 4);
      it.replicas[0].speed = 1;
      it.run(10s);
      it.forget();
      it.run(5s);
      CHECK(it.share(0) > .75 / count);
    }
}

TEST_CASE("a frozen replica gets no new call after a second, costs no call, and returns when it thaws") {
  for (const auto links : {world::keep_alive::on, world::keep_alive::heard_only})
    for (std::uint32_t count : {3u, 10u})
      for (std::uint64_t seed : seeds) {
        CAPTURE(count);
        CAPTURE(seed);
        world it(seed, count, 250. * count, 2ms);
        it.links = links;
        it.run(2s);
        it.replicas[0].frozen = true;
        it.run(1s);
        CHECK(it.failed == 0);
        it.forget();
        it.run(10s);
        // Without a keep-alive that reports silence, it takes three unanswered calls to be sure.
        CHECK(it.attempts[0] <= (links == world::keep_alive::on ? 0 : 3));
        CHECK(it.failed == 0);
        it.thaw(0);
        it.run(10s);
        it.forget();
        it.run(5s);
        CHECK(it.share(0) > .75 / count);
      }
}

TEST_CASE("a sinkhole that fails everything at once gets little") {
  for (std::uint32_t count : {3u, 10u})
    for (std::uint64_t seed : seeds) {
      CAPTURE(count);
      CAPTURE(seed);
      world it(seed, count, 200. * count, 2ms);
      it.run(2s);
      it.forget();
      it.replicas[0].sinkhole = true;
      it.run(20s);
      CHECK(it.attempts[0] < 60);
      CHECK(static_cast<double>(it.failed) / it.finished < .005);
    }
}

TEST_CASE("a new replica gets its share within seconds, and a new slow one never floods") {
  for (std::uint64_t seed : seeds) {
    CAPTURE(seed);
    world it(seed, 3, 900, 2ms);
    it.run(3s);
    it.appear(3);
    it.run(4s);
    it.forget();
    it.run(5s);
    CHECK(it.share(3) > .2);
    CHECK(it.share(3) < .3);
  }
  for (std::uint64_t seed : seeds) {
    CAPTURE(seed);
    world it(seed, 3, 600, 2ms);
    it.run(3s);
    it.replicas.resize(4);
    it.replicas[3].speed = .1;
    it.forget();
    it.appear(3);
    it.run(5s);
    CHECK(it.share(3) < .1);
    CHECK(it.failed == 0);
  }
}

TEST_CASE("when half of the capacity is gone for ten seconds, repeats stay within the budget") {
  for (std::uint64_t seed : seeds) {
    CAPTURE(seed);
    world it(seed, 10, 4000, 2ms);  // load .8
    it.run(3s);
    const auto before = it.counted();
    for (std::uint32_t i = 0; i < 5; ++i) it.replicas[i].frozen = true;
    it.run(10s);
    const auto after = it.counted();
    const double amplification = static_cast<double>(after.attempts - before.attempts) /
                                 static_cast<double>(after.calls - before.calls);
    CHECK(amplification < 1.16);  // a tenth of the traffic, and what had been saved up
    for (std::uint32_t i = 0; i < 5; ++i) it.thaw(i);
    it.run(15s);
    it.forget();
    it.run(5s);
    CHECK(static_cast<double>(it.failed) / it.finished < .001);
  }
}
