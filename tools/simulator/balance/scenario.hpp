// What is simulated: servers, their speed, what arrives, and what goes wrong, read from a TOML file.
//
// One file is one scenario with one cell or more: [[cell]] entries and the arrays of [grid] (all
// combinations) override the file's own keys. scenarios/balance/ has those that the project is judged by;
// each says where it is from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/admission/options.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

#include "../aim.hpp"

namespace troupe::simulator {

enum class discipline : std::uint8_t {
  fifo,  // `workers` requests at once, the others wait; a request keeps the speed it started with
  processor_sharing,  // all at once; beyond `workers` of them, they slow each other
};

enum class work_shape : std::uint8_t { exponential, truncated_normal, lognormal, uniform, constant };

/// How much there is to do for a request.
struct work_model {
  work_shape shape = work_shape::exponential;
  duration mean = 10ms;  // at speed 1, after truncation
  double deviation = 1;  // of truncated_normal (before truncation at 0) and lognormal, over the mean
};

struct server_model {
  std::uint32_t count = 10;
  std::uint32_t workers = 4;
  simulator::discipline discipline = discipline::fifo;
  // As a real node hosts a service, unless the scenario says otherwise.
  std::uint32_t in_flight_max = admission::options{}.in_flight_max;
  admission::concurrency concurrency = admission::options{}.concurrency;
  enum class overdue : bool { served, dropped } expired = overdue::dropped;  // when nobody waits any more
  std::uint32_t group = 0;  // candidates of a request: this many neighbours, by its key; 0: all
};

/// A server's speed is its base times a draw, renewed at random intervals.
struct speed_model {
  struct range {
    double low = 1, high = 1;  // uniform
    double chance = 1;         // relative to the other ranges
    std::uint32_t lot = 0;     // a server draws its lot once, and then only among that lot's ranges
  };
  enum class quantity : std::uint8_t {
    speed,     // how fast each request is served
    capacity,  // how many are served at full speed (what neighbours on the machine leave)
  };
  std::vector<double> base{1};  // server i has base[i % size]
  std::vector<range> draws;     // empty: none
  quantity of = quantity::speed;
  duration every_min{0}, every_max{0};  // 0: one draw for the whole run

  double mean_draw() const;
};

struct arrival_model {
  double load = .7;  // share of the capacity; unless `rate`
  double rate = 0;   // requests/s
  enum class capacity : std::uint8_t { nominal, mean } of = capacity::nominal;  // draws left out, or in
  std::vector<double> steps;  // loads or rates in turn, `step` long each, instead; windows "step_1"...
  duration step = 10s;
  std::vector<double> shares;  // of the first routers; the others share the rest evenly
  std::uint32_t keys = 0;      // 0: requests have no key
  double hot_key = 0;          // share of the requests that have one and the same key
  std::uint32_t methods = 1;
  double critical = 0, sheddable = 0;  // shares of the requests; the others are normal
};

struct network_model {
  duration round_trip = 500us;
  duration report_delay{0};  // the figures in a load report are so old
  std::uint32_t zones = 1;   // server i is in zone i % zones; so is router i
  duration across_zones{0};  // added to the round trip
  duration notice = 200ms;   // until routers are told of an arrival, a departure or a draining
};

enum class trouble : std::uint8_t {
  slow,          // speed times `speed`
  sinkhole,      // fails everything at once, and reports no load
  frozen,        // takes everything and answers nothing; connections stay open
  down,          // connections break and are refused
  outlier,       // one request takes `takes`
  fails_method,  // requests of `method` fail at once
  appears,       // absent before `from`, then at `speed` until `until`
  restart,  // one after the other, `every`: drains for `drain`, is gone for `gone`, comes back at `speed`
            // for `cold`
};

struct incident {
  trouble kind = trouble::slow;
  std::uint32_t first = 0, last = 0;  // servers
  duration from{0}, until{0};
  double speed = 1;
  duration takes{0};
  std::uint32_t method = 0;
  duration every{0}, drain{0}, gone{0}, cold{0};
};

/// A part of the run with figures of its own, of the requests that arrived in it.
struct window {
  std::string name;
  duration from{0}, until{0};
};

enum class calls : std::uint8_t { idempotent, unsafe };

struct scenario {
  std::string file;  // its name without folder and ending
  std::string title;
  std::string cell;  // "load .7, workers 4"; empty when there is one
  double x = 0;      // what the pictures have on their horizontal axis: the last grid value that is a number
  std::vector<std::string> figures{"p99_ms"};  // the table's rows: a figure, or figure@window
  std::vector<std::string> published;   // that "best_published" ranges over; empty: all but ours, oracles
  std::vector<std::string> contenders;  // who runs; empty: everybody
  std::vector<aim> aims;

  server_model servers;
  speed_model speed;
  work_model work;
  arrival_model arrivals;
  network_model network;
  std::uint32_t routers = 10;
  std::map<std::string, double> ours;  // options of dynamic_score that differ here, as `--set` names them
  std::vector<incident> incidents;
  std::vector<window> windows;

  duration lasts = 30s;
  duration warm_up = 5s;        // ignored in the figures of the whole run
  duration deadline = 5s;       // of a request
  std::uint32_t attempts = 1;   // of a contender's request; the repeats are naive: at once, without a budget
  duration attempt_timeout{0};  // after which an attempt is repeated; 0: at the deadline
  simulator::calls calls = calls::idempotent;  // for the whole router

  /// Requests/s that the servers can do with the speeds that `arrivals.of` names.
  double capacity() const;
  /// Requests/s at a time of the run, and when that changes next.
  double rate_at(duration since_start) const;
  const window* find_window(std::string_view name) const;
};

/// All cells of a file. Errors: not_found; invalid_argument naming file, line, key and bound.
result<std::vector<scenario>> read_scenario(const std::filesystem::path& file);
/// The same from a text, for tests; `name` stands for the file.
result<std::vector<scenario>> parse_scenario(std::string_view text, const std::string& name);

}  // namespace troupe::simulator
