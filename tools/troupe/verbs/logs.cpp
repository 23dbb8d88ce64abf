// logs: what the nodes write.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "../output.hpp"
#include "../processes.hpp"
#include "local_cluster/readiness.hpp"

namespace troupe::command {

namespace {

constexpr auto poll = std::chrono::milliseconds(100);
constexpr std::size_t stamp_bytes = 23;  // "2026-01-31 12:00:00.000"

struct log_options {
  std::vector<std::string> nodes;
  bool follow = false;
  std::size_t lines = 1000;
};

struct log_line {
  std::string stamp;  // of the line, or of the last one before it that had one
  std::string node;
  std::string text;
};

bool has_stamp(const std::string& line) {
  return line.size() > stamp_bytes && line[4] == '-' && line[13] == ':' && line[19] == '.';
}

/// One file, read on where the last reading ended.
class follower {
 public:
  follower(std::string node, const std::filesystem::path& log) : node_(std::move(node)), file_(log) {
    file_.seekg(0, std::ios::end);
  }

  void read(std::vector<log_line>& into) {
    file_.clear();
    for (std::string line; std::getline(file_, line);) {
      if (file_.eof()) {  // not whole yet
        rest_ += line;
        return;
      }
      line.insert(0, std::exchange(rest_, {}));
      if (has_stamp(line)) stamp_ = line.substr(0, stamp_bytes);
      into.push_back({stamp_, node_, std::move(line)});
    }
  }

 private:
  std::string node_;
  std::ifstream file_;
  std::string rest_;
  std::string stamp_;
};

void print_lines(const common_options& common, std::vector<log_line> lines, std::size_t name_width) {
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& a, const auto& b) { return a.stamp < b.stamp; });
  for (const auto& line : lines) {
    if (common.format == format::json) {
      const nlohmann::ordered_json value = {{"node", line.node}, {"line", line.text}};
      std::puts(json_text(value, layout::one_line).c_str());
    } else if (name_width == 0) {
      std::puts(line.text.c_str());
    } else {
      std::printf("%-*s | %s\n", static_cast<int>(name_width), line.node.c_str(), line.text.c_str());
    }
  }
  std::fflush(stdout);
}

void logs(const common_options& common, const log_options& options) {
  const auto here = local_cluster_of(common);
  auto nodes = here.nodes();
  for (const auto& name : options.nodes) (void)take(here.find(name));
  if (!options.nodes.empty())
    std::erase_if(nodes, [&](const auto& node) {
      return std::find(options.nodes.begin(), options.nodes.end(), node.name) == options.nodes.end();
    });
  std::size_t width = 0;
  if (nodes.size() > 1)
    for (const auto& node : nodes) width = std::max(width, node.name.size());

  std::map<std::string, follower> followed;
  std::vector<log_line> lines;
  for (const auto& node : nodes) {
    std::string stamp;
    followed.emplace(node.name, follower(node.name, node.log));
    for (auto& text : local::end_of_log(node.log, options.lines)) {
      if (has_stamp(text)) stamp = text.substr(0, stamp_bytes);
      lines.push_back({stamp, node.name, std::move(text)});
    }
  }
  print_lines(common, std::move(lines), width);
  // Until the cluster is down, or somebody interrupts.
  while (options.follow && std::filesystem::exists(here.folder() / "state.json")) {
    std::this_thread::sleep_for(poll);
    if (options.nodes.empty())
      for (const auto& node : here.nodes())
        if (!followed.contains(node.name)) followed.emplace(node.name, follower(node.name, node.log));
    std::vector<log_line> fresh;
    for (auto& [name, one] : followed) one.read(fresh);
    if (!fresh.empty()) print_lines(common, std::move(fresh), width);
  }
}

}  // namespace

void add_logs_verb(command_line& to) {
  const auto options = std::make_shared<log_options>();
  auto* verb = to.verb("logs", "Prints what the nodes wrote, in the order of time.",
                       "  troupe logs -f\n  troupe logs cart-2 -n 20\n",
                       [&common = to.common, options] { logs(common, *options); });
  verb->add_option("NODE", options->nodes, "only of these; without, of all");
  verb->add_flag("-f,--follow", options->follow, "go on printing, until interrupted or the cluster is down");
  verb->add_option("-n,--lines", options->lines, "the last lines of each node")->capture_default_str();
}

}  // namespace troupe::command
