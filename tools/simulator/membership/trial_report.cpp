// What trials came to, for people and for programs.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "../picture.hpp"
#include "../text_table.hpp"
#include "trial.hpp"

namespace troupe::simulator {

namespace {

/// Results of the same file, in their order.
std::vector<std::vector<const trial_result*>> by_file(const std::vector<trial_result>& results) {
  std::vector<std::vector<const trial_result*>> files;
  for (const auto& each : results) {
    if (files.empty() || files.back().front()->what.file != each.what.file) files.emplace_back();
    files.back().push_back(&each);
  }
  return files;
}

std::vector<std::string> columns(const std::vector<const trial_result*>& cells) {
  std::vector<std::string> names;
  for (const auto* cell : cells)
    for (const auto& each : cell->modes)
      if (std::find(names.begin(), names.end(), each.mode) == names.end()) names.push_back(each.mode);
  return names;
}

/// "sum of X" is X over all cells of the file.
constexpr std::string_view sum_of = "sum of ";

bool is_sum(const std::string& figure) { return figure.starts_with(sum_of); }

std::optional<double> sum(const std::vector<const trial_result*>& file, const std::string& who,
                          const std::string& figure) {
  double all = 0;
  for (const auto* each : file) {
    const auto value = each->figure(who, figure);
    if (!value) return std::nullopt;
    all += *value;
  }
  return all;
}

std::optional<double> figure_in(const std::vector<const trial_result*>& file, const trial_result& cell,
                                const std::string& who, const std::string& figure) {
  if (is_sum(figure) && who != "published") return sum(file, who, figure.substr(sum_of.size()));
  return cell.figure(who, figure);
}

verdict_on_aim judge(const std::vector<const trial_result*>& file, const trial_result& cell,
                     const aim& wanted) {
  return judge(wanted, [&](const std::string& who, const std::string& figure, const std::string& where) {
    const auto* whose = &cell;
    for (const auto* each : file)
      if (!where.empty() && each->what.cell == where) whose = each;
    return figure_in(file, *whose, who, figure);
  });
}

std::optional<double> ratio(const std::optional<double>& own, const std::optional<double>& theirs) {
  if (!own || !theirs || *theirs == 0) return std::nullopt;
  return *own / *theirs;
}

std::string aims_of(const std::vector<const trial_result*>& cells) {
  std::string text;
  for (const auto* cell : cells) {
    for (const auto& each : cell->what.aims) {
      if (is_sum(each.figure) && cell != cells.front()) continue;
      const auto came = judge(cells, *cell, each);
      text += std::string("  ") + name_of(came.state) + ": " +
              (cell->what.cell.empty() || is_sum(each.figure) ? "" : cell->what.cell + ": ") + came.text +
              "\n";
    }
    for (const auto& each : cell->modes)
      if (each.broken)
        text += "  broken: " + (cell->what.cell.empty() ? "" : cell->what.cell + ": ") + "rule " +
                std::to_string(each.broken->invariant) + " with seed " + std::to_string(each.broken_seed) +
                ": " + each.broken->text + "\n";
  }
  return text;
}

std::string fired_in(const std::vector<const trial_result*>& cells) {
  std::map<std::string, std::uint64_t> all;
  for (const auto* cell : cells)
    for (const auto& each : cell->modes)
      if (each.mode == "ours")
        for (const auto& [name, count] : each.fired) all[name] += count;
  std::string text;
  for (const auto& [name, count] : all)
    text += (text.empty() ? "" : ", ") + name + " " + std::to_string(count);
  return text.empty() ? text : "  fired: " + text + "\n";
}

std::string sources_of(const std::vector<const trial_result*>& cells) {
  std::set<std::string> said;
  std::string text;
  for (const auto* cell : cells) {
    for (const auto& each : cell->what.published)
      if (!each.source.empty() && said.insert(each.figure + each.source).second)
        text += "  published " + each.figure + ": " + each.source + "\n";
    if (!cell->what.remark.empty() && said.insert(cell->what.remark).second)
      text += "  " + cell->what.remark + "\n";
  }
  return text;
}

curve by_x(const std::vector<const trial_result*>& cells, const std::string& who, const std::string& figure) {
  curve drawn{who, {}};
  for (const auto* cell : cells)
    if (const auto value = cell->figure(who, figure)) drawn.points.emplace_back(cell->what.x, *value);
  std::sort(drawn.points.begin(), drawn.points.end());
  return drawn;
}

chart over_time(const trial_result& cell, const char* label, double second::*figure) {
  chart drawn{cell.what.title, "seconds", label, scale::linear, {}};
  for (const auto& each : cell.modes) {
    curve one{each.mode, {}};
    for (std::size_t k = 0; k < each.over_time.size(); ++k)
      one.points.emplace_back(static_cast<double>(k + 1), each.over_time[k].*figure);
    drawn.curves.push_back(std::move(one));
  }
  return drawn;
}

}  // namespace

std::string table(const std::vector<trial_result>& results) {
  std::string text;
  for (const auto& cells : by_file(results)) {
    const auto& first = cells.front()->what;
    text += first.file + ": " + first.title + "\n";
    if (!first.shown_by.empty()) {
      text += "  shown by " + first.shown_by + "\n" + sources_of(cells) + "\n";
      continue;
    }
    const auto modes = columns(cells);
    rows all{{""}};
    all.front().insert(all.front().end(), modes.begin(), modes.end());
    all.front().insert(all.front().end(), {"published", "ours/published"});
    for (const auto* cell : cells)
      for (const auto& figure : cell->what.figures) {
        if (is_sum(figure) && cell != cells.back()) continue;
        const bool named = !cell->what.cell.empty() && !is_sum(figure);
        all.push_back({(named ? cell->what.cell + ": " : "") + figure});
        for (const auto& mode : modes) all.back().push_back(shown(figure_in(cells, *cell, mode, figure)));
        const auto published = cell->figure("published", figure);
        all.back().push_back(shown(published));
        all.back().push_back(shown(ratio(figure_in(cells, *cell, "ours", figure), published)));
      }
    text += aligned(all) + aims_of(cells) + fired_in(cells) + sources_of(cells) + "\n";
  }
  return text;
}

std::string json(const std::vector<trial_result>& results, const trial_options& how) {
  nlohmann::ordered_json root;
  root["seeds"] = how.seeds;
  root["settings"] = how.settings;
  root["cells"] = nlohmann::ordered_json::array();
  for (const auto& file : by_file(results))
    for (const auto* cell : file) {
      nlohmann::ordered_json one;
      one["scenario"] = cell->what.file;
      one["title"] = cell->what.title;
      one["cell"] = cell->what.cell;
      if (!cell->what.shown_by.empty()) one["shown_by"] = cell->what.shown_by;
      for (const auto& each : cell->modes) {
        auto& into = one["modes"][each.mode];
        into["figures"] = each.figures;
        into["by_seed"] = each.by_seed;
        into["fired"] = each.fired;
        if (each.broken)
          into["broken"] = {
              {"rule", each.broken->invariant}, {"seed", each.broken_seed}, {"text", each.broken->text}};
      }
      for (const auto& each : cell->what.published)
        one["published"][each.figure] = {{"value", each.value}, {"source", each.source}};
      for (const auto& each : cell->what.aims) {
        const auto came = judge(file, *cell, each);
        one["aims"].push_back({{"aim", came.text}, {"state", name_of(came.state)}});
      }
      root["cells"].push_back(std::move(one));
    }
  return root.dump(2) + "\n";
}

result<void> write_pictures(const std::vector<trial_result>& results, const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  for (const auto& cells : by_file(results)) {
    const auto& first = cells.front()->what;
    if (!first.shown_by.empty()) continue;
    std::set<double> xs;
    for (const auto* cell : cells) xs.insert(cell->what.x);
    if (xs.size() > 1)
      for (const auto& figure : first.figures) {
        chart drawn{first.title, "", figure, scale::linear, {}};
        for (const auto& mode : columns(cells)) drawn.curves.push_back(by_x(cells, mode, figure));
        const auto file = folder / (first.file + "_" + figure + ".svg");
        if (auto done = write_picture(drawn, file); !done) return done;
      }
    for (const auto& cell : cells) {
      const auto number = cells.size() > 1 ? "_" + std::to_string(&cell - cells.data() + 1) : std::string();
      const auto name = [&](const char* what) {
        return folder / (first.file + number + "_" + what + ".svg");
      };
      const std::pair<const char*, chart> charts[] = {
          {"bytes", over_time(*cell, "bytes/s per node", &second::bytes_per_node)},
          {"convergence", over_time(*cell, "pairs that disagree", &second::disagreements)},
          {"false_positives", over_time(*cell, "false positives so far", &second::false_positives)}};
      for (const auto& [what, drawn] : charts)
        if (auto done = write_picture(drawn, name(what)); !done) return done;
    }
  }
  return {};
}

}  // namespace troupe::simulator
