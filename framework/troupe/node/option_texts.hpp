// What people read about options: help texts, and the page framework/docs/options.md.
#pragma once

#include <string>

#include <troupe/node/options.hpp>
#include <troupe/node/program_options.hpp>

namespace troupe {

enum class help_on : bool { common, all };

/// `program` is its name; `own` its options, or null; `defaults` what holds unless something is said.
std::string help_text(const std::string& program, const program_options* own, node_options defaults,
                      help_on what);

/// The page of all options, in Markdown.
std::string options_page();

}  // namespace troupe
