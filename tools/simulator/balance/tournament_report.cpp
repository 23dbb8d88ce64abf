// What a tournament came to, for people and for programs.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "../picture.hpp"
#include "../text_table.hpp"
#include "tournament.hpp"

namespace troupe::simulator {

namespace {

/// Results of the same file, in their order.
std::vector<std::vector<const cell_result*>> by_file(const std::vector<cell_result>& results) {
  std::vector<std::vector<const cell_result*>> files;
  for (const auto& each : results) {
    if (files.empty() || files.back().front()->what.file != each.what.file) files.emplace_back();
    files.back().push_back(&each);
  }
  return files;
}

// Contenders that took part in any of the cells.
std::vector<std::string> columns(const std::vector<const cell_result*>& cells) {
  std::vector<std::string> names;
  for (const auto* cell : cells)
    for (const auto& each : cell->standings)
      if (each.absent.empty() && std::find(names.begin(), names.end(), each.contender) == names.end())
        names.push_back(each.contender);
  return names;
}

std::string aims_of(const std::vector<const cell_result*>& cells) {
  std::string text;
  for (const auto* cell : cells)
    for (const auto& each : cell->what.aims) {
      const auto came = judge(cells, *cell, each);
      text += std::string("  ") + name_of(came.state) + ": " +
              (cell->what.cell.empty() ? "" : cell->what.cell + ": ") + came.text + "\n";
    }
  return text;
}

curve by_x(const std::vector<const cell_result*>& cells, const std::string& who, const std::string& figure) {
  curve drawn{who, {}};
  for (const auto* cell : cells)
    if (const auto value = cell->figure(who, figure)) drawn.points.emplace_back(cell->what.x, *value);
  std::sort(drawn.points.begin(), drawn.points.end());
  return drawn;
}

// What each of the first servers is sent, in steps of half a second.
chart load_over_time(const cell_result& cell, const standing& whose) {
  chart drawn{
      cell.what.title + ": " + whose.contender, "seconds", "requests sent/s by server", scale::linear, {}};
  constexpr std::uint32_t curves_max = 10;
  const auto& over_time = whose.over_time;
  constexpr std::size_t smooth = 5;
  for (std::uint32_t i = 0; i < std::min(over_time.servers, curves_max); ++i) {
    curve one{"server " + std::to_string(i), {}};
    for (std::size_t row = 0; row + smooth <= over_time.rows(); row += smooth) {
      double sum = 0;
      for (std::size_t k = 0; k < smooth; ++k) sum += over_time.sent[(row + k) * over_time.servers + i];
      one.points.emplace_back(static_cast<double>(row) * to_seconds(series::step),
                              sum / smooth / to_seconds(series::step));
    }
    drawn.curves.push_back(std::move(one));
  }
  return drawn;
}

}  // namespace

verdict_on_aim judge(const std::vector<const cell_result*>& file, const cell_result& cell,
                     const aim& wanted) {
  return judge(wanted, [&](const std::string& who, const std::string& figure, const std::string& where) {
    const cell_result* whose = &cell;
    for (const auto* each : file)
      if (!where.empty() && each->what.cell == where) whose = each;
    return whose->figure(who, figure);
  });
}

std::string table(const std::vector<cell_result>& results) {
  std::string text;
  for (const auto& cells : by_file(results)) {
    const auto names = columns(cells);
    text += cells.front()->what.file + ": " + cells.front()->what.title + "\n";
    rows all{{""}};
    all.front().insert(all.front().end(), names.begin(), names.end());
    for (const auto* cell : cells)
      for (const auto& figure : cell->what.figures) {
        all.push_back({cell->what.cell + (cell->what.cell.empty() ? "" : ": ") + figure});
        for (const auto& name : names) all.back().push_back(shown(cell->figure(name, figure)));
      }
    text += aligned(all) + aims_of(cells) + "\n";
  }
  return text;
}

std::string json(const std::vector<cell_result>& results, const tournament_options& how) {
  nlohmann::ordered_json root;
  root["seeds"] = how.seeds;
  root["settings"] = how.settings;
  root["cells"] = nlohmann::ordered_json::array();
  std::vector<const cell_result*> file;
  for (const auto& cell : results) {
    if (!file.empty() && file.front()->what.file != cell.what.file) file.clear();
    if (file.empty())
      for (const auto& each : results)
        if (each.what.file == cell.what.file) file.push_back(&each);
    nlohmann::ordered_json one;
    one["scenario"] = cell.what.file;
    one["title"] = cell.what.title;
    one["cell"] = cell.what.cell;
    for (const auto& each : cell.standings) {
      auto& into = one["contenders"][each.contender];
      if (!each.absent.empty()) {
        into["absent"] = each.absent;
        continue;
      }
      into["median"] = each.figures;
      into["by_seed"] = each.by_seed;
    }
    for (const auto& each : cell.what.aims) {
      const auto came = judge(file, cell, each);
      one["aims"].push_back({{"aim", came.text}, {"state", name_of(came.state)}});
    }
    root["cells"].push_back(std::move(one));
  }
  return root.dump(2) + "\n";
}

/// "10 routers, report_delay 1s": one picture for each front, the last name below its horizontal axis.
struct cell_name {
  std::string front, axis;

  explicit cell_name(const std::string& cell) {
    const auto comma = cell.rfind(", ");
    front = comma == std::string::npos ? "" : cell.substr(0, comma);
    const auto last = comma == std::string::npos ? cell : cell.substr(comma + 2);
    axis = last.substr(0, last.rfind(' '));
  }
};

result<void> write_by_x(const std::vector<const cell_result*>& cells, const std::filesystem::path& folder) {
  const auto& first = cells.front()->what;
  std::map<std::string, std::vector<const cell_result*>> fronts;
  for (const auto* cell : cells) fronts[cell_name(cell->what.cell).front].push_back(cell);
  std::size_t number = 0;
  for (const auto& [front, part] : fronts) {
    ++number;
    if (part.size() < 2) continue;
    const std::string& figure = first.figures.front();
    chart drawn{first.title + (front.empty() ? "" : "; " + front),
                cell_name(first.cell).axis,
                figure,
                scale::logarithmic,
                {}};
    for (const auto& name : columns(part)) drawn.curves.push_back(by_x(part, name, figure));
    const auto suffix = fronts.size() > 1 ? "_" + std::to_string(number) : std::string();
    if (auto done = write_picture(drawn, folder / (first.file + suffix + ".svg")); !done) return done;
  }
  return {};
}

result<void> write_pictures(const std::vector<cell_result>& results, const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  for (const auto& cells : by_file(results)) {
    const auto& first = cells.front()->what;
    std::set<double> xs;
    for (const auto* cell : cells) xs.insert(cell->what.x);
    if (xs.size() > 1)
      if (auto done = write_by_x(cells, folder); !done) return done;
    for (const auto& cell : cells) {
      if (cell->what.incidents.empty()) continue;
      for (const auto& each : cell->standings) {
        if (!each.absent.empty()) continue;
        const auto number = cells.size() > 1 ? "_" + std::to_string(&cell - cells.data() + 1) : std::string();
        const auto file = folder / (first.file + number + "_" + each.contender + ".svg");
        if (auto done = write_picture(load_over_time(*cell, each), file); !done) return done;
      }
    }
  }
  return {};
}

}  // namespace troupe::simulator
