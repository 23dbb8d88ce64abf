// Scenario files of the balancing simulator: TOML to scenarios.
#include "../scenario_files.hpp"
#include "../scenario_reader.hpp"
#include "contenders/dynamic_score.hpp"
#include "scenario.hpp"

namespace troupe::simulator {

namespace {

constexpr double seconds_max = 86'400;

void read_servers(section from, scenario& into) {
  from.count("count", into.servers.count, 1, 10'000);
  from.count("workers", into.servers.workers, 1, 10'000);
  from.count("in_flight_max", into.servers.in_flight_max, 1, 1'000'000);
  using admission::concurrency;
  from.choice("concurrency", into.servers.concurrency,
              {named<concurrency>{"fixed", concurrency::fixed},
               named<concurrency>{"adaptive", concurrency::adaptive}});
  from.count("group", into.servers.group, 0, into.servers.count);
  from.choice("discipline", into.servers.discipline,
              {named<discipline>{"fifo", discipline::fifo},
               named<discipline>{"processor_sharing", discipline::processor_sharing}});
  using overdue = server_model::overdue;
  from.choice("expired", into.servers.expired,
              {named<overdue>{"served", overdue::served}, named<overdue>{"dropped", overdue::dropped}});
  from.done();
}

void read_speed(section from, scenario& into) {
  auto& speed = into.speed;
  from.numbers("base", speed.base, 1e-4, 1e4);
  if (speed.base.empty()) from.complain("speed.base is empty: write base = [1]");
  from.tables("draw", [&](section& one) {
    speed_model::range range;
    one.number("low", range.low, 1e-3, 1e4);
    range.high = range.low;
    one.number("high", range.high, range.low, 1e4);
    one.number("chance", range.chance, 1e-6, 1e6);
    one.count("lot", range.lot, 0, 100);
    speed.draws.push_back(range);
  });
  using quantity = speed_model::quantity;
  from.choice("of", speed.of,
              {named<quantity>{"speed", quantity::speed}, named<quantity>{"capacity", quantity::capacity}});
  duration every{0};
  from.time("every", every, 1ms);
  speed.every_min = speed.every_max = every;
  from.time("every_min", speed.every_min, 1ms);
  from.time("every_max", speed.every_max, speed.every_min);
  if (speed.every_min > speed.every_max) from.complain("speed.every_max must be at least speed.every_min");
  from.done();
}

void read_work(section from, scenario& into) {
  using shape = work_shape;
  from.choice(
      "shape", into.work.shape,
      {named<shape>{"exponential", shape::exponential},
       named<shape>{"truncated_normal", shape::truncated_normal}, named<shape>{"lognormal", shape::lognormal},
       named<shape>{"uniform", shape::uniform}, named<shape>{"constant", shape::constant}});
  from.time("mean", into.work.mean, 1us);
  from.number("deviation", into.work.deviation, .01, 100);
  from.done();
}

void read_arrivals(section from, scenario& into) {
  auto& arrivals = into.arrivals;
  from.number("load", arrivals.load, 1e-3, 100);
  from.number("rate", arrivals.rate, 0, 1e7);
  from.numbers("steps", arrivals.steps, 1e-3, 1e7);
  from.time("step", arrivals.step, 10ms);
  from.numbers("shares", arrivals.shares, 0, 1);
  from.count("keys", arrivals.keys, 0, 10'000'000);
  from.number("hot_key", arrivals.hot_key, 0, 1);
  from.count("methods", arrivals.methods, 1, 32);
  from.number("critical", arrivals.critical, 0, 1);
  from.number("sheddable", arrivals.sheddable, 0, 1);
  if (arrivals.critical + arrivals.sheddable > 1)
    from.complain("arrivals.critical and arrivals.sheddable are shares, of 1 together at most");
  using capacity = arrival_model::capacity;
  from.choice("capacity", arrivals.of,
              {named<capacity>{"nominal", capacity::nominal}, named<capacity>{"mean", capacity::mean}});
  from.done();
  for (std::size_t k = 0; k < arrivals.steps.size(); ++k)
    into.windows.push_back({"step_" + std::to_string(k + 1), arrivals.step * static_cast<int>(k),
                            arrivals.step * static_cast<int>(k + 1)});
}

void read_network(section from, scenario& into) {
  from.time("round_trip", into.network.round_trip, 1us);
  from.time("report_delay", into.network.report_delay);
  from.count("zones", into.network.zones, 1, 100);
  from.time("across_zones", into.network.across_zones);
  from.time("notice", into.network.notice);
  from.done();
}

void read_incident(section& from, scenario& into) {
  incident it;
  from.choice(
      "kind", it.kind,
      {named<trouble>{"slow", trouble::slow}, named<trouble>{"sinkhole", trouble::sinkhole},
       named<trouble>{"frozen", trouble::frozen}, named<trouble>{"down", trouble::down},
       named<trouble>{"outlier", trouble::outlier}, named<trouble>{"fails_method", trouble::fails_method},
       named<trouble>{"appears", trouble::appears}, named<trouble>{"restart", trouble::restart}});
  if (!from.has("kind")) from.complain("this [[incident]] has no kind");
  std::vector<double> range{0, 0};
  from.numbers("servers", range, 0, into.servers.count - 1);
  if (range.empty() || range.size() > 2 || range.front() > range.back())
    from.complain("incident.servers is the first and the last of them, such as [0, 9]");
  else
    it.first = static_cast<std::uint32_t>(range.front()), it.last = static_cast<std::uint32_t>(range.back());
  it.until = into.lasts + from_seconds(seconds_max);  // for good
  from.time("from", it.from);
  from.time("until", it.until, it.from);
  from.number("speed", it.speed, 1e-3, 1e3);
  from.time("takes", it.takes);
  from.count("method", it.method, 0, 31);
  from.time("every", it.every);
  from.time("drain", it.drain);
  from.time("gone", it.gone);
  from.time("cold", it.cold);
  into.incidents.push_back(it);
}

void read_run(section from, scenario& into) {
  from.time("lasts", into.lasts, 100ms);
  from.time("warm_up", into.warm_up);
  from.time("deadline", into.deadline, 1ms);
  from.count("attempts", into.attempts, 1, 8);
  from.time("attempt_timeout", into.attempt_timeout);
  from.choice("calls", into.calls,
              {named<calls>{"idempotent", calls::idempotent}, named<calls>{"unsafe", calls::unsafe}});
  if (into.warm_up >= into.lasts) from.complain("run.warm_up must be less than run.lasts");
  from.done();
}

void read_windows(section& from, scenario& into) {
  from.tables("window", [&](section& one) {
    window it;
    one.text("name", it.name);
    one.time("from", it.from);
    it.until = into.lasts;
    one.time("until", it.until, it.from);
    if (it.name.empty() || it.until <= it.from)
      one.complain("a [[window]] has a name, a from and a later until");
    into.windows.push_back(it);
  });
}

void check_figures(section& from, const scenario& what) {
  const auto check = [&](const std::string& figure) {
    const auto at = figure.find('@');
    if (at != std::string::npos && what.find_window(figure.substr(at + 1)) == nullptr)
      from.complain("there is no window '" + figure.substr(at + 1) + "' for the figure " + figure);
  };
  for (const auto& each : what.figures) check(each);
  for (const auto& each : what.aims) check(each.figure);
}

scenario read_cell(section& from) {
  scenario into;
  from.text("title", into.title);
  from.texts("figures", into.figures);
  from.texts("published", into.published);
  from.texts("contenders", into.contenders);
  from.count("routers", into.routers, 1, 10'000);
  from.sub("ours").settings(into.ours, read_setting);
  if (const auto sound = options_with(into.ours); !sound) from.complain(sound.error().text);
  read_run(from.sub("run"), into);
  read_servers(from.sub("servers"), into);
  read_speed(from.sub("speed"), into);
  read_work(from.sub("work"), into);
  read_arrivals(from.sub("arrivals"), into);
  read_network(from.sub("network"), into);
  from.tables("incident", [&](section& one) { read_incident(one, into); });
  read_windows(from, into);
  from.tables("aim", [&](section& one) { into.aims.push_back(read_aim(one, "dynamic_score")); });
  check_figures(from, into);
  from.done();
  if (into.arrivals.shares.size() > into.routers)
    from.complain("arrivals.shares has more entries than there are routers");
  return into;
}

}  // namespace

result<std::vector<scenario>> parse_scenario(std::string_view text, const std::string& name) {
  return read_all_cells<scenario>(text, name, read_cell);
}

result<std::vector<scenario>> read_scenario(const std::filesystem::path& file) {
  const auto text = read_scenario_text(file);
  if (!text) return text.error();
  return parse_scenario(*text, file.string());
}

}  // namespace troupe::simulator
