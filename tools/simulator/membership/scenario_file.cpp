// Scenario files of the membership simulator: TOML to scenarios, and back.
#include <array>
#include <sstream>

#include "../scenario_files.hpp"
#include "../scenario_reader.hpp"
#include "modes.hpp"
#include "scenario.hpp"

namespace troupe::simulator {

namespace {

constexpr double nodes_max = 20'000;

constexpr named<fault_kind> fault_kinds[] = {
    {"loss", fault_kind::loss},       {"delay", fault_kind::delay}, {"cut", fault_kind::cut},
    {"pause", fault_kind::pause},     {"block", fault_kind::block}, {"crash", fault_kind::crash},
    {"restart", fault_kind::restart}, {"leave", fault_kind::leave}, {"join", fault_kind::join},
    {"publish", fault_kind::publish}, {"drain", fault_kind::drain},
};
constexpr named<direction> directions[] = {
    {"both", direction::both}, {"in", direction::in}, {"out", direction::out}};
constexpr named<disk> disks[] = {{"kept", disk::kept}, {"lost", disk::lost}};
constexpr named<new_address> addresses[] = {{"same", new_address::same}, {"another", new_address::another}};
constexpr named<beginning> beginnings[] = {{"together", beginning::together},
                                           {"from_seed", beginning::from_seed}};

template <class E, std::size_t Count>
const char* name_in(const named<E> (&names)[Count], E value) {
  for (const auto& each : names)
    if (each.value == value) return each.name;
  return "";
}

void read_nodes(section& from, const char* key, std::vector<std::uint32_t>& into) {
  std::vector<double> numbers;
  from.numbers(key, numbers, 0, nodes_max);
  for (const double each : numbers) into.push_back(static_cast<std::uint32_t>(each));
}

fault read_fault(section& from) {
  fault it;
  from.choice("kind", it.kind, fault_kinds);
  if (!from.has("kind")) from.complain("this [[fault]] has no kind");
  from.time("at", it.at);
  from.time("lasts", it.lasts);
  from.time("every", it.every);
  from.time("until", it.until);
  from.time("spread", it.spread);
  read_nodes(from, "nodes", it.nodes);
  read_nodes(from, "peers", it.peers);
  std::vector<double> range;
  from.numbers("range", range, 0, nodes_max);
  if (!range.empty() && (range.size() != 2 || range[0] > range[1]))
    from.complain("fault.range is the first and the last node, such as [0, 9]");
  else if (!range.empty())
    for (auto node = static_cast<std::uint32_t>(range[0]); node <= static_cast<std::uint32_t>(range[1]);
         ++node)
      it.nodes.push_back(node);
  from.count("count", it.count, 0, static_cast<std::uint32_t>(nodes_max));
  from.number("share", it.share, 0, 1);
  from.number("amount", it.amount, 0, 1);
  from.time("by", it.by);
  from.time("gone", it.gone);
  from.choice("way", it.way, directions);
  from.choice("disk", it.disk, disks);
  from.choice("address", it.address, addresses);
  return it;
}

void read_weather(section from, weather& into) {
  from.number("loss", into.loss, 0, 1);
  from.time("delay_min", into.delay_min);
  from.time("delay_max", into.delay_max, into.delay_min);
  from.number("late", into.late, 0, 1);
  from.time("late_by", into.late_by);
  from.number("duplicated", into.duplicated, 0, 1);
  from.number("replayed", into.replayed, 0, 1);
  if (into.delay_max < into.delay_min) from.complain("weather.delay_max must be at least weather.delay_min");
  from.done();
}

void read_published(section& from, std::vector<published_figure>& into) {
  published_figure it;
  from.text("figure", it.figure);
  from.number("value", it.value, 0, 1e12);
  from.text("source", it.source);
  into.push_back(std::move(it));
}

void read_modes(section& from, std::vector<std::string>& into) {
  from.texts("modes", into);
  if (into.empty()) from.complain("modes is empty: write modes = [\"ours\"]");
  for (const auto& each : into)
    if (!find_mode(each)) from.complain("there is no mode '" + each + "'; there are ours, memberlist, swim");
}

cluster_scenario read_cell(section& from) {
  cluster_scenario into;
  from.text("title", into.title);
  from.text("shown_by", into.shown_by);
  from.text("remark", into.remark);
  read_modes(from, into.modes);
  from.texts("figures", into.figures);
  from.count("nodes", into.nodes, 1, static_cast<std::uint32_t>(nodes_max));
  from.choice("begins", into.begins, beginnings);
  from.time("start_within", into.start_within);
  from.count("services", into.services, 1, 1000);
  from.number("skew", into.skew, 0, .5);
  from.time("lasts", into.lasts);
  from.time("settle", into.settle);
  double seed = 0;
  from.number("seed", seed, 0, 9e15);
  into.seed = static_cast<std::uint64_t>(seed);
  read_weather(from.sub("weather"), into.weather);
  from.sub("settings").settings(into.settings, read_setting_of_ours);
  if (const auto sound = with_settings({}, into.settings); !sound) from.complain(sound.error().text);
  from.tables("fault", [&](section& one) { into.faults.push_back(read_fault(one)); });
  from.tables("published", [&](section& one) { read_published(one, into.published); });
  from.tables("aim", [&](section& one) { into.aims.push_back(read_aim(one, "ours")); });
  from.done();
  return into;
}

// --- Writing ---------------------------------------------------------------------------------------------

class writer {
 public:
  void key(const char* name, double value) {
    char shown[40];
    std::snprintf(shown, sizeof shown, "%.10g", value);
    out_ << name << " = " << shown << "\n";
  }
  void key(const char* name, const std::string& value) { out_ << name << " = \"" << value << "\"\n"; }
  void key(const char* name, duration value) { out_ << name << " = \"" << to_micros(value) << "us\"\n"; }
  void key(const char* name, const std::vector<std::uint32_t>& values) {
    out_ << name << " = [";
    for (std::size_t k = 0; k < values.size(); ++k) out_ << (k > 0 ? ", " : "") << values[k];
    out_ << "]\n";
  }
  void table(const std::string& name) { out_ << "\n" << name << "\n"; }
  std::string text() const { return out_.str(); }

 private:
  std::ostringstream out_;
};

void write_fault(writer& out, const fault& what) {
  const fault usual;
  out.table("[[fault]]");
  out.key("kind", std::string(name_in(fault_kinds, what.kind)));
  out.key("at", what.at);
  if (what.lasts != usual.lasts) out.key("lasts", what.lasts);
  if (what.every != usual.every) out.key("every", what.every);
  if (what.until != usual.until) out.key("until", what.until);
  if (what.spread != usual.spread) out.key("spread", what.spread);
  if (!what.nodes.empty()) out.key("nodes", what.nodes);
  if (!what.peers.empty()) out.key("peers", what.peers);
  if (what.count != usual.count) out.key("count", static_cast<double>(what.count));
  if (what.share != usual.share) out.key("share", what.share);
  if (what.amount != usual.amount) out.key("amount", what.amount);
  if (what.by != usual.by) out.key("by", what.by);
  if (what.gone != usual.gone) out.key("gone", what.gone);
  if (what.way != usual.way) out.key("way", std::string(name_in(directions, what.way)));
  if (what.disk != usual.disk) out.key("disk", std::string(name_in(disks, what.disk)));
  if (what.address != usual.address) out.key("address", std::string(name_in(addresses, what.address)));
}

}  // namespace

result<std::vector<cluster_scenario>> parse_cluster_scenario(std::string_view text, const std::string& name) {
  return read_all_cells<cluster_scenario>(text, name, read_cell);
}

result<std::vector<cluster_scenario>> read_cluster_scenario(const std::filesystem::path& file) {
  const auto text = read_scenario_text(file);
  if (!text) return text.error();
  return parse_cluster_scenario(*text, file.string());
}

std::string text_of(const cluster_scenario& what) {
  writer out;
  out.key("title", what.title);
  out.key("seed", static_cast<double>(what.seed));
  out.key("nodes", static_cast<double>(what.nodes));
  out.key("begins", std::string(name_in(beginnings, what.begins)));
  out.key("start_within", what.start_within);
  out.key("services", static_cast<double>(what.services));
  out.key("skew", what.skew);
  out.key("lasts", what.lasts);
  out.key("settle", what.settle);
  out.table("[weather]");
  out.key("loss", what.weather.loss);
  out.key("delay_min", what.weather.delay_min);
  out.key("delay_max", what.weather.delay_max);
  out.key("late", what.weather.late);
  out.key("late_by", what.weather.late_by);
  out.key("duplicated", what.weather.duplicated);
  out.key("replayed", what.weather.replayed);
  if (!what.settings.empty()) out.table("[settings]");
  for (const auto& [name, value] : what.settings) out.key(name.c_str(), value);
  for (const auto& each : what.faults) write_fault(out, each);
  return out.text();
}

}  // namespace troupe::simulator
