// What the command prints: aligned tables for people, JSON for machines; colour on a terminal only.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "command.hpp"

namespace troupe::command {

enum class colour : std::uint8_t { plain, green, yellow, red, faint };

struct cell {
  std::string text;
  command::colour shown_in = colour::plain;

  cell(std::string what, command::colour in = colour::plain) : text(std::move(what)), shown_in(in) {}
  cell(const char* what) : text(what) {}
};

enum class align : bool { left, right };
struct column {
  std::string title;
  command::align align = command::align::left;
};

/// In its colour where there is a terminal, with blanks up to `width` characters.
std::string padded(const cell& what, std::size_t width);

class table {
 public:
  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}
  /// As many cells as there are columns.
  void add(std::vector<cell> row);
  /// On stdout. The titles alone where there is no row.
  void print() const;

 private:
  std::vector<column> columns_;
  std::vector<std::vector<cell>> rows_;
};

enum class layout : bool { pretty, one_line };
/// What is not UTF-8 is shown as U+FFFD: nodes write what they like into their logs.
std::string json_text(const nlohmann::ordered_json& value, layout how);
void print_json(const nlohmann::ordered_json& value);
/// A line on stdout in tables' format; in JSON, `value`.
void print_outcome(const common_options& common, const std::string& line,
                   const nlohmann::ordered_json& value);

/// Progress, on stderr: one line that is written over on a terminal; elsewhere only the last one.
class progress_line {
 public:
  void show(const std::string& text);
  void end();
  ~progress_line() { end(); }

 private:
  std::string shown_;
};

/// "1.2 ms" of microseconds; "-" for 0.
std::string duration_text(std::uint64_t micros);
colour colour_of_state(const std::string& state);
std::string joined(const std::vector<std::string>& texts, const std::string& by = ", ");

}  // namespace troupe::command
