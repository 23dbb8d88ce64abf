#include "output.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include <unistd.h>

namespace troupe::command {

namespace {

bool is_coloured() {
  static const bool answer = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return answer;
}

const char* escape_for(colour value) {
  switch (value) {
    case colour::plain:
      return "";
    case colour::green:
      return "\x1b[32m";
    case colour::yellow:
      return "\x1b[33m";
    case colour::red:
      return "\x1b[31m";
    case colour::faint:
      return "\x1b[2m";
  }
  return "";
}

// Characters, not bytes: names may be UTF-8.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char one) { return (one & 0xc0) != 0x80; }));
}

std::string aligned(const cell& what, std::size_t width, align side, bool last) {
  const std::string gap(width - std::min(width, width_of(what.text)), ' ');
  auto text = what.text;
  if (is_coloured() && what.shown_in != colour::plain)
    text = std::string(escape_for(what.shown_in)) + text + "\x1b[0m";
  if (side == align::right) return gap + text;
  return last ? text : text + gap;
}

}  // namespace

std::string padded(const cell& what, std::size_t width) { return aligned(what, width, align::left, false); }

void table::add(std::vector<cell> row) {
  TROUPE_INVARIANT(row.size() == columns_.size());
  rows_.push_back(std::move(row));
}

void table::print() const {
  std::vector<std::size_t> widths;
  std::vector<cell> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    titles.emplace_back(columns_[i].title, colour::faint);
    widths.push_back(width_of(columns_[i].title));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], width_of(row[i].text));
  }
  const auto print_row = [&](const std::vector<cell>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += (i == 0 ? "" : "  ") + aligned(row[i], widths[i], columns_[i].align, i + 1 == row.size());
    std::puts(line.c_str());
  };
  print_row(titles);
  for (const auto& row : rows_) print_row(row);
}

std::string json_text(const nlohmann::ordered_json& value, layout how) {
  return value.dump(how == layout::pretty ? 2 : -1, ' ', false,
                    nlohmann::ordered_json::error_handler_t::replace);
}

void print_json(const nlohmann::ordered_json& value) { std::puts(json_text(value, layout::pretty).c_str()); }

void print_outcome(const common_options& common, const std::string& line,
                   const nlohmann::ordered_json& value) {
  if (common.format == format::json)
    print_json(value);
  else
    std::puts(line.c_str());
}

void progress_line::show(const std::string& text) {
  shown_ = text;
  if (::isatty(STDERR_FILENO) == 1) std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
}

void progress_line::end() {
  if (shown_.empty()) return;
  if (::isatty(STDERR_FILENO) == 1)
    std::fputs("\n", stderr);
  else
    std::fprintf(stderr, "%s\n", shown_.c_str());
  shown_.clear();
}

std::string duration_text(std::uint64_t micros) {
  if (micros == 0) return "-";
  return format_duration(std::chrono::microseconds(micros));
}

colour colour_of_state(const std::string& state) {
  if (state == "running" || state == "alive" || state == "ready" || state == "healthy") return colour::green;
  if (state == "exited" || state == "dead") return colour::red;
  if (state == "left") return colour::faint;
  return colour::yellow;
}

std::string joined(const std::vector<std::string>& texts, const std::string& by) {
  std::string all;
  for (const auto& one : texts) all += (all.empty() ? "" : by) + one;
  return all;
}

}  // namespace troupe::command
