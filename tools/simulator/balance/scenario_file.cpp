// Scenario files: TOML to scenarios, with every error naming the file, the line, the key and the bound.
#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include <toml++/toml.h>

#include "contenders/dynamic_score.hpp"
#include "scenario.hpp"

namespace troupe::simulator {

namespace {

namespace fs = std::filesystem;

constexpr double seconds_max = 86'400;

/// The file's name, where its keys are, and the first thing that was wrong.
///
/// Cells are merged copies, and a copy of a TOML value does not know its line any more: so the lines are
/// noted before. A key that is written in several places is in one of these lines.
struct complaints {
  std::string file;
  std::map<std::string, std::set<toml::source_index>> lines;
  std::optional<error> first;

  void note(const toml::table& table, const std::string& path) {
    for (const auto& [key, value] : table) {
      // What overrides a key is found under the key's own name.
      const bool overrides = path.empty() && (key == "cell" || key == "grid");
      const auto deeper = overrides ? std::string() : path + std::string(key.str());
      if (!overrides) lines[deeper].insert(key.source().begin.line);
      if (const auto* inner = value.as_table()) note(*inner, overrides ? "" : deeper + ".");
      if (const auto* list = value.as_array())
        for (const auto& each : *list)
          if (const auto* inner = each.as_table()) note(*inner, overrides ? "" : deeper + ".");
    }
  }
  void add(const std::string& path, const std::string& what) {
    if (first) return;
    std::string where;
    if (const auto at = lines.find(path); at != lines.end())
      for (const auto line : at->second) where += (where.empty() ? ", line " : " or ") + std::to_string(line);
    first = error{code::invalid_argument, file + where + ": " + what};
  }
};

template <class E>
struct named {
  const char* name;
  E value;
};

/// One table: each key is read once; `done` complains of those that nobody read.
class section {
 public:
  section(const toml::table* table, std::string path, complaints& to)
      : table_(table), path_(std::move(path)), to_(to) {}

  bool has(const char* key) const { return table_ != nullptr && table_->contains(key); }
  const toml::node* node(const char* key) {
    known_.emplace_back(key);
    return table_ == nullptr ? nullptr : table_->get(key);
  }
  section sub(const char* key) {
    const auto* found = node(key);
    if (found != nullptr && !found->is_table()) wrong(key, "a table: write [" + path_ + key + "]");
    return {found == nullptr ? nullptr : found->as_table(), path_ + key + ".", to_};
  }

  void number(const char* key, double& into, double low, double high) {
    const auto* found = node(key);
    if (found == nullptr) return;
    const auto read = found->value<double>();
    if (!read || !(*read >= low && *read <= high)) return wrong(key, bounds("a number", low, high));
    into = *read;
  }
  void count(const char* key, std::uint32_t& into, std::uint32_t low, std::uint32_t high) {
    const auto* found = node(key);
    if (found == nullptr) return;
    const auto read = found->value_exact<std::int64_t>();
    if (!read || *read < low || *read > high) return wrong(key, bounds("a whole number", low, high));
    into = static_cast<std::uint32_t>(*read);
  }
  /// All keys, whatever they are called.
  void all_numbers(std::map<std::string, double>& into) {
    if (table_ == nullptr) return;
    for (const auto& [key, value] : *table_) {
      known_.emplace_back(key.str());
      const auto read = value.value<double>();
      if (!read) return wrong(std::string(key.str()).c_str(), "a number");
      into[std::string(key.str())] = *read;
    }
  }
  void time(const char* key, duration& into, duration low = duration{0}) {
    const auto* found = node(key);
    if (found == nullptr) return;
    const auto text = found->value_exact<std::string>();
    const auto read = text ? parse_duration(*text) : result<duration>(duration{-1});
    if (!read || *read < low) return wrong(key, "a time such as \"40ms\", at least " + format_duration(low));
    into = *read;
  }
  void text(const char* key, std::string& into) {
    const auto* found = node(key);
    if (found == nullptr) return;
    const auto read = found->value_exact<std::string>();
    if (!read) return wrong(key, "a text in quotes");
    into = *read;
  }
  void numbers(const char* key, std::vector<double>& into, double low, double high) {
    list(
        key,
        [&](const toml::node& each) {
          const auto read = each.value<double>();
          if (!read || !(*read >= low && *read <= high))
            return wrong(key, "a list; in it, " + bounds("numbers", low, high));
          into.push_back(*read);
        },
        [&] { into.clear(); });
  }
  void texts(const char* key, std::vector<std::string>& into) {
    list(
        key,
        [&](const toml::node& each) {
          const auto read = each.value_exact<std::string>();
          if (!read) return wrong(key, "a list of texts in quotes");
          into.push_back(*read);
        },
        [&] { into.clear(); });
  }
  template <class E, std::size_t Count>
  void choice(const char* key, E& into, const named<E> (&names)[Count]) {
    const auto* found = node(key);
    if (found == nullptr) return;
    const auto read = found->value_exact<std::string>();
    std::string all;
    for (const auto& each : names) {
      if (read && *read == each.name) return void(into = each.value);
      all.append(all.empty() ? "" : ", ").append(each.name);
    }
    wrong(key, "one of " + all);
  }
  /// Calls `each` with a section for every table of a list.
  template <class Each>
  void tables(const char* key, Each each) {
    list(
        key,
        [&](const toml::node& one) {
          if (!one.is_table()) return wrong(key, "a list of tables: write [[" + path_ + key + "]]");
          section inner(one.as_table(), path_ + key + ".", to_);
          each(inner);
          inner.done();
        },
        [] {});
  }
  void wrong(const std::string& key, const std::string& is) {
    to_.add(path_ + key, path_ + key + " is " + is);
  }
  void complain(const std::string& what) {
    to_.add(path_.empty() ? path_ : path_.substr(0, path_.size() - 1), what);
  }
  void done() {
    if (table_ == nullptr) return;
    for (const auto& [key, value] : *table_) {
      if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
      std::string names;
      for (const auto& one : known_) names.append(names.empty() ? "" : ", ").append(one);
      const auto path = path_ + std::string(key.str());
      to_.add(path, path + " means nothing; there are " + names);
    }
  }

 private:
  static std::string bounds(const std::string& what, double low, double high) {
    std::ostringstream text;
    text << what << " from " << low << " to " << high;
    return text.str();
  }
  template <class Each, class First>
  void list(const char* key, Each each, First first) {
    const auto* found = node(key);
    if (found == nullptr) return;
    const auto* array = found->as_array();
    if (array == nullptr) return wrong(key, "a list: write " + std::string(key) + " = [...]");
    first();
    for (const auto& one : *array) each(one);
  }

  const toml::table* table_;
  std::string path_;
  complaints& to_;
  std::vector<std::string> known_;
};

void read_servers(section from, scenario& into) {
  from.count("count", into.servers.count, 1, 10'000);
  from.count("workers", into.servers.workers, 1, 10'000);
  from.count("limit", into.servers.limit, 0, 1'000'000);
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

void read_aim(section& from, scenario& into) {
  aim it;
  from.text("figure", it.figure);
  from.text("of", it.of);
  if (from.has("at_least")) it.is = aim::side::at_least;
  from.number("at_most", it.factor, 0, 1e9);
  from.number("at_least", it.factor, 0, 1e9);
  from.text("times", it.times);
  from.text("cell", it.cell);
  from.number("plus", it.plus, 0, 1e9);
  if (it.figure.empty()) from.complain("this [[aim]] has no figure");
  into.aims.push_back(it);
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

scenario read_cell(const toml::table& root, complaints& to) {
  scenario into;
  section from(&root, "", to);
  from.text("title", into.title);
  from.texts("figures", into.figures);
  from.texts("published", into.published);
  from.texts("contenders", into.contenders);
  from.count("routers", into.routers, 1, 10'000);
  from.sub("ours").all_numbers(into.ours);
  read_run(from.sub("run"), into);
  read_servers(from.sub("servers"), into);
  read_speed(from.sub("speed"), into);
  read_work(from.sub("work"), into);
  read_arrivals(from.sub("arrivals"), into);
  read_network(from.sub("network"), into);
  from.tables("incident", [&](section& one) { read_incident(one, into); });
  read_windows(from, into);
  from.tables("aim", [&](section& one) { read_aim(one, into); });
  check_figures(from, into);
  if (const auto known = check_settings(into.ours); !known) to.add("ours", known.error().text);
  from.done();
  if (into.arrivals.shares.size() > into.routers)
    from.complain("arrivals.shares has more entries than there are routers");
  return into;
}

// --- Cells -----------------------------------------------------------------------------------------------

void merge(toml::table& into, const toml::table& over) {
  for (const auto& [key, value] : over) {
    auto* there = into.get(key);
    if (there != nullptr && there->is_table() && value.is_table())
      merge(*there->as_table(), *value.as_table());
    else
      value.visit([&, name = key.str()](const auto& concrete) { into.insert_or_assign(name, concrete); });
  }
}

struct axis {
  std::vector<std::string> path;
  const toml::array* values;
};

void find_axes(const toml::table& from, std::vector<std::string> path, std::vector<axis>& into,
               complaints& to) {
  for (const auto& [key, value] : from) {
    auto deeper = path;
    deeper.emplace_back(key.str());
    if (value.is_table())
      find_axes(*value.as_table(), deeper, into, to);
    else if (value.is_array() && !value.as_array()->empty())
      into.push_back({deeper, value.as_array()});
    else
      to.add("", "grid." + deeper.back() + " is a list of values that is not empty");
  }
}

std::string shown(const toml::node& value) {
  if (const auto text = value.value_exact<std::string>()) return *text;
  std::ostringstream into;
  if (const auto* list = value.as_array()) {
    for (std::size_t k = 0; k < list->size(); ++k) into << (k > 0 ? "/" : "") << shown((*list)[k]);
    return into.str();
  }
  into << value.value<double>().value_or(0);
  return into.str();
}

double coordinate(const toml::node& value) {
  if (const auto text = value.value_exact<std::string>()) {
    const auto time = parse_duration(*text);
    return time ? to_seconds(*time) : 0;
  }
  return value.value<double>().value_or(0);
}

void set_at(toml::table& root, const std::vector<std::string>& path, const toml::node& value) {
  auto* table = &root;
  for (std::size_t k = 0; k + 1 < path.size(); ++k) {
    if (table->get(path[k]) == nullptr) table->insert(path[k], toml::table{});
    table = table->get(path[k])->as_table();
    if (table == nullptr) return;
  }
  value.visit([&](const auto& concrete) { table->insert_or_assign(path.back(), concrete); });
}

/// Every combination of the axes over one base, the last axis fastest.
void expand(const toml::table& base, const std::vector<axis>& axes, const std::string& name, complaints& to,
            std::vector<scenario>& into) {
  std::size_t combinations = 1;
  for (const auto& each : axes) combinations *= each.values->size();
  for (std::size_t k = 0; k < combinations; ++k) {
    toml::table root = base;
    std::string cell = name;
    double x = 0;
    std::size_t rest = combinations, index = k;
    for (const auto& each : axes) {
      rest /= each.values->size();
      const auto& value = (*each.values)[index / rest];
      index %= rest;
      set_at(root, each.path, value);
      cell += (cell.empty() ? "" : ", ") + each.path.back() + " " + shown(value);
      x = coordinate(value);
    }
    into.push_back(read_cell(root, to));
    into.back().cell = cell;
    into.back().x = x;
    into.back().file = fs::path(to.file).stem().string();
  }
}

result<std::vector<scenario>> read_root(toml::table root, const std::string& name) {
  complaints to{name, {}, {}};
  to.note(root, "");
  std::vector<axis> axes;
  toml::table grid;
  toml::array cells;
  if (const auto* found = root.get("grid"); found != nullptr && found->is_table()) grid = *found->as_table();
  if (const auto* found = root.get("cell"); found != nullptr && found->is_array()) cells = *found->as_array();
  root.erase("grid");
  root.erase("cell");
  find_axes(grid, {}, axes, to);
  if (cells.empty()) cells.push_back(toml::table{});
  std::vector<scenario> into;
  for (const auto& each : cells) {
    if (!each.is_table()) {
      to.add("", "cell is a list of tables: write [[cell]]");
      break;
    }
    toml::table over = *each.as_table();
    const auto cell = over["name"].value_or(std::string());
    over.erase("name");
    toml::table base = root;
    merge(base, over);
    expand(base, axes, cell, to, into);
  }
  if (to.first) return *to.first;
  return into;
}

std::vector<fs::path> folders(const std::string& kind) {
  std::vector<fs::path> all;
  std::error_code ignored;
  const auto self = fs::read_symlink("/proc/self/exe", ignored);
  if (!ignored) all.push_back(self.parent_path().parent_path() / "share/troupe/scenarios" / kind);
#ifdef TROUPE_SCENARIOS
  all.push_back(fs::path(TROUPE_SCENARIOS) / kind);
#endif
  return all;
}

}  // namespace

result<std::vector<scenario>> parse_scenario(std::string_view text, const std::string& name) {
  try {
    return read_root(toml::parse(text), name);
  } catch (const toml::parse_error& problem) {
    return error{code::invalid_argument, name + ", line " + std::to_string(problem.source().begin.line) +
                                             ": " + std::string(problem.description())};
  }
}

result<std::vector<scenario>> read_scenario(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return error{code::not_found, "there is no scenario file " + file.string() + " that can be read"};
  return parse_scenario(text.str(), file.string());
}

result<std::vector<fs::path>> find_scenarios(const std::string& kind, const std::string& name) {
  std::error_code ignored;
  if (!name.empty() && fs::is_regular_file(name, ignored)) return std::vector<fs::path>{name};
  std::vector<fs::path> all;
  for (const auto& folder : folders(kind)) {
    if (!fs::is_directory(folder, ignored)) continue;
    for (const auto& entry : fs::directory_iterator(folder, ignored))
      if (entry.path().extension() == ".toml") all.push_back(entry.path());
    break;
  }
  std::sort(all.begin(), all.end());
  if (name.empty() && !all.empty()) return all;
  std::string names;
  for (const auto& each : all) {
    if (each.stem() == name) return std::vector<fs::path>{each};
    names += (names.empty() ? "" : ", ") + each.stem().string();
  }
  if (all.empty())
    return error{code::not_found, "there are no " + kind + " scenarios installed: name a file"};
  return error{code::not_found, "there is no scenario '" + name + "': name a file, or one of " + names};
}

}  // namespace troupe::simulator
