#include "scenario_files.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace troupe::simulator {

namespace {

namespace fs = std::filesystem;

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

result<std::string> read_scenario_text(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return error{code::not_found, "there is no scenario file " + file.string() + " that can be read"};
  return text.str();
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
