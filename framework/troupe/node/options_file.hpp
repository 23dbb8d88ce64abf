// The file of --config: TOML tables of options.
#pragma once

#include <string>
#include <vector>

#include <troupe/node/option_book.hpp>
#include <troupe/node/program_options.hpp>

namespace troupe {

/// What one says.
struct options_file {
  std::vector<said_option> of_node;
  std::vector<said_option> of_program;
};

/// `own`: the program's options; null: it has declared none, and a table [program] is left alone. Errors:
/// not_found, invalid_argument: as of read_options_file.
result<options_file> read_said(const std::string& path, const program_options* own);

}  // namespace troupe
