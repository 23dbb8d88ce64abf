// options: what can be tuned in a node, as the page framework/docs/options.md.
#include <cstdio>

#include <troupe/node/option_texts.hpp>

#include "../command.hpp"

namespace troupe::command {

void add_options_verb(command_line& to) {
  to.verb("options", "Lists every option of a node, room by room, in Markdown.",
          "  troupe options | less\n"
          "  troupe options >framework/docs/options.md     after a list of options has changed\n",
          [] { std::fputs(options_page().c_str(), stdout); });
}

}  // namespace troupe::command
