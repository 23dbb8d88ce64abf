// Scenarios of whole clusters: who is there, what the network is like, what goes wrong, what should come out.
//
// A file in TOML describes one row of the table. scenarios/membership/ has the rows that the project is
// judged by; a run of random faults that broke something is written in the same form, and so replayed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>

#include "../aim.hpp"

namespace troupe::simulator {

/// What the network does to every packet. Times are one way.
struct weather {
  double loss = 0;
  duration delay_min = 200us, delay_max = 2ms;  // uniform between them
  double late = 0;                              // share of packets that are held back, so overtaken
  duration late_by = 50ms;                      // at most, uniform
  double duplicated = 0;
  double replayed = 0;  // share of packets that come a second time, up to a minute later
};

enum class fault_kind : std::uint8_t {
  loss,     // amount: share of the packets
  delay,    // `by` more, one way
  cut,      // nothing passes between `nodes` and `peers`
  pause,    // the process stands still; what arrives waits in the socket, as far as it has room
  block,    // only its messages stand still, in and out: its timers go on (Lifeguard's anomaly)
  crash,    // for good, or until something restarts it
  restart,  // crash, and `gone` later a new process of the same name
  leave,    // in an orderly way; killed `gone` after it began
  join,     // a node that nobody has met; with `lasts` it leaves after that time
  publish,  // a new version of its document
  drain,
};

/// Of packets between the nodes of a fault and its peers.
enum class direction : std::uint8_t { both, in, out };
enum class disk : std::uint8_t { kept, lost };            // lost: the epoch is the clock's alone
enum class new_address : std::uint8_t { same, another };  // after a restart

struct fault {
  fault_kind kind = fault_kind::loss;
  duration at{0};
  duration lasts{0};   // 0: what has an end lasts until the run's
  duration every{0};   // again and again, each time with nodes drawn anew unless they are named
  duration until{0};   // 0: the run's end
  duration spread{0};  // of the beginnings, over the nodes of one turn

  std::vector<std::uint32_t> nodes;  // named; else drawn: `count`, or `share` of all; else, for what befalls
  std::uint32_t count = 0;           // packets, everybody, and for what befalls processes, one
  double share = 0;
  std::vector<std::uint32_t> peers;  // loss, cut: only with these; empty: with everybody else

  double amount = 1;
  duration by{0};
  duration gone = 1s;
  direction way = direction::both;
  simulator::disk disk = disk::kept;
  simulator::new_address address = new_address::same;

  friend bool operator==(const fault&, const fault&) = default;
};

/// A figure that somebody else's system is known for.
struct published_figure {
  std::string figure;
  double value = 0;
  std::string source;
};

/// How the cluster comes to be. `together`: everybody knows everybody from the start. `from_seed`: all ask
/// the first node, within `start_within`.
enum class beginning : std::uint8_t { together, from_seed };

struct cluster_scenario {
  std::string file;  // its name without folder and ending
  std::string title;
  std::string cell;
  double x = 0;
  std::vector<std::string> modes{"ours"};  // columns
  std::vector<std::string> figures;
  std::vector<published_figure> published;
  std::vector<aim> aims;
  std::string shown_by;  // instead of a run: the test that shows this row
  std::string remark;    // under the row: why an aim is out of reach, what is left out

  std::uint32_t nodes = 16;
  beginning begins = beginning::together;
  duration start_within{0};
  std::uint32_t services = 1;  // in everybody's document
  double skew = 0;             // clocks run at 1 - skew to 1 + skew
  simulator::weather weather;
  std::vector<fault> faults;
  std::map<std::string, double> settings;  // options of `ours`, by name, times in seconds

  duration lasts = 60s;
  duration settle = 60s;   // after it, at most, until all agree; 0: they need not
  std::uint64_t seed = 0;  // of a replay; 0: the command's
};

/// Errors: not_found; invalid_argument naming file, line, key and bound.
result<std::vector<cluster_scenario>> read_cluster_scenario(const std::filesystem::path& file);
/// The same from a text; `name` stands for the file.
result<std::vector<cluster_scenario>> parse_cluster_scenario(std::string_view text, const std::string& name);
/// What parse_cluster_scenario reads back as the same run.
std::string text_of(const cluster_scenario& what);

}  // namespace troupe::simulator
