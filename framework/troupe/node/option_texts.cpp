#include <algorithm>
#include <sstream>
#include <string_view>

#include <troupe/node/option_book.hpp>
#include <troupe/node/option_texts.hpp>

namespace troupe {

namespace {

constexpr std::size_t text_column = 34;
constexpr std::size_t last_column = 110;

std::string_view placeholder(const option& of) {
  switch (of.kind) {
    case option_kind::flag:
      return "true|false";
    case option_kind::count:
    case option_kind::number:
      return "NUMBER";
    case option_kind::time:
      return "TIME";
    case option_kind::text:
      return "TEXT";
    case option_kind::texts:
      return "TEXT,...";
    case option_kind::choice:
      return "NAME";
  }
  return "";
}

/// Whether the bounds tell more than what kind of value it is.
bool bounds_tell(const option& of) {
  if (!of.within.choices.empty()) return true;
  if (of.kind == option_kind::flag || of.kind == option_kind::text || of.kind == option_kind::texts)
    return false;
  return of.bounds().find_first_of("0123456789") != std::string::npos;
}

/// The left column, then the text, in lines of bounded width.
void append_entry(std::string& to, const std::string& left, const std::string& text) {
  std::string line = "  " + left;
  line.resize(std::max(line.size() + 1, text_column), ' ');
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() > text_column && line.size() + 1 + word.size() > last_column) {
      to += line + "\n";
      line = std::string(text_column, ' ');
    }
    line += (line.back() == ' ' ? "" : " ") + word;
  }
  to += line + "\n";
}

std::string described(const option& of, const std::string& value) {
  std::string text(of.sentence);
  if (bounds_tell(of)) text += " " + of.bounds() + ".";
  if (!value.empty()) text += " [" + value + "]";
  return text;
}

void append_option(std::string& to, const booked_option& which, node_options& defaults) {
  append_entry(to, spelled(which.name, spelling::on_line) + " " + std::string(placeholder(*which.what)),
               described(*which.what, which.what->text(which.home(defaults))));
}

void append_own(std::string& to, const program_options& own) {
  for (const auto& each : own.entries()) {
    const auto flag = each.what.kind == option_kind::flag;
    const auto needed = each.need == program_options::presence::needed;
    append_entry(
        to,
        spelled(each.what.name, spelling::on_line) + (flag ? "" : " " + std::string(placeholder(each.what))),
        described(each.what, needed || flag ? "" : each.what.text(each.into)) + (needed ? " Needed." : ""));
  }
  const auto& rest = own.rest_of_line();
  if (rest.into != nullptr) append_entry(to, std::string(rest.shown), std::string(rest.sentence));
}

void append_common(std::string& to, node_options& defaults) {
  append_entry(to, "--help, --help-all", "This text; with the options of the rooms, too.");
  append_entry(to, "--config FILE",
               "A TOML file with options: tables [node], [program], one for each room, and "
               "[service.\"NAME\"].");
  append_entry(to, "--service NAME:KEY=VALUE,...",
               "Options of one service, such as shop.Cart:policy=round_robin,load=.5; once for each.");
  for (const auto& each : option_book())
    if (each.table() == "node") append_option(to, each, defaults);
}

void append_rooms(std::string& to, node_options& defaults) {
  std::string_view table = "node";
  for (const auto& each : option_book()) {
    if (each.table() == "node") continue;
    if (each.table() != table) to += "\nOptions of " + std::string(each.table()) + ":\n";
    table = each.table();
    append_option(to, each, defaults);
  }
  to +=
      "\nOptions of one service, by --service: policy, aperture, weights of the score's terms, options of "
      "balance and\nretry with the room before them, and:\n";
  const hosting usual;
  for (const auto& each : hosting::list().options)
    append_entry(to, hosting::list().full_name(each), described(each, each.text(&usual)));
}

// --- The page --------------------------------------------------------------------------------------------

constexpr const char* page_begins =
    "# Options\n\n"
    "Made from the lists of options by `troupe options >framework/docs/options.md`; a test holds it to "
    "them.\n\n"
    "## How they are said\n\n"
    "An option of a node has one name everywhere: the node's own are plain (`listen`), those of a room have "
    "its\n"
    "name before them (`balance.ejection.first`). `-` and `_` are one letter.\n\n"
    "| where | how |\n|---|---|\n"
    "| in code | `node_options`: `{.listen = \"127.0.0.1:7000\", .routing = {.retry = {.attempts_max = 2}}}` "
    "|\n"
    "| in a file, `--config node.toml` | `[node]` with `listen = \"127.0.0.1:7000\"`, `[balance.ejection]` "
    "with "
    "`first = \"2s\"` |\n"
    "| in a cluster file, for all its nodes | the same tables of rooms; of a node its `arguments` |\n"
    "| on the command line | `--listen 127.0.0.1:7000 --balance.ejection.first 2s` |\n\n"
    "Each goes before those above it, the command line before everything. For one service some of them can "
    "be "
    "others: see\n[below](#of-one-service). Texts and times stand in quotes in a file; a time is a number "
    "with "
    "ns, us, ms, s, m or h; bytes may\nhave KiB, MiB or GiB. `--help` lists a node's own options, "
    "`--help-all` "
    "all of them. A name that is none is an error that\nproposes the nearest.\n";

constexpr const char* page_of_services =
    "\n## Of one service\n\n"
    "In a file `[service.\"shop.Cart\"]` with the keys below; on the command line `--service "
    "shop.Cart:policy=random,load=.5`, once for\neach service. Besides these there are, with their room "
    "before "
    "them, all options of `balance`, `balance.weight`,\n`balance.ejection` and `retry`; the weights also as "
    "`weights = { load = 0.5 }`. What `hosting` says goes before what the program\nwrote where it hosts the "
    "service.\n\n"
    "| option | default | values | |\n|---|---|---|---|\n";

constexpr const char* page_of_programs =
    "\n## Of a program\n\n"
    "What a program declares as `troupe::program_options` is said as `--shard 3`, or in a file under "
    "`[program]`. `--help` lists it before\nthe node's own.\n";

std::string in_cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

/// The default, and where a cluster on one machine has another one, that, too.
std::string default_cell(const booked_option& of) {
  node_options usual;
  usual.profile = membership_profile::lan;
  auto value = of.what->text(of.home(usual));
  node_options local;
  local.profile = of.name == "profile" ? usual.profile : membership_profile::local;
  const auto value_there = of.what->text(of.home(local));
  if (of.name == "profile") value = "automatic";
  std::string cell = value.empty() ? "" : "`" + value + "`";
  if (of.name != "profile" && value_there != value) cell += "; local: `" + value_there + "`";
  return cell;
}

void append_row(std::string& to, std::string_view name, const std::string& value, const option& of) {
  to.append("| `").append(name).append("` | ").append(value).append(" | ");
  to.append(in_cell(of.bounds())).append(" | ").append(in_cell(std::string(of.sentence))).append(" |\n");
}

}  // namespace

std::string help_text(const std::string& program, const program_options* own, node_options defaults,
                      help_on what) {
  std::string text = own != nullptr && !own->about().empty() ? own->about() : "A node of a Troupe cluster.";
  text += "\n\nUsage: " + program + " [OPTIONS]";
  if (own != nullptr) {
    if (own->rest_of_line().into != nullptr) text.append(" ").append(own->rest_of_line().shown);
    text += "\n\nOptions of " + program + ":\n";
    append_own(text, *own);
    text += "\nOptions of every node:\n";
  } else {
    text += "\n\nOptions:\n";
  }
  append_common(text, defaults);
  if (what == help_on::all)
    append_rooms(text, defaults);
  else
    text +=
        "\n--help-all lists the options of the rooms, too: how membership, balancing, retries and links are "
        "tuned.\n";
  text += "\nPrecedence: the program's own defaults, then --config, then the options here.\n";
  return text;
}

std::string options_page() {
  std::string page = page_begins;
  std::string_view table;
  for (const auto& each : option_book()) {
    if (each.table() != table)
      page +=
          "\n## " + std::string(each.table()) + "\n\n| option | default | values | |\n|---|---|---|---|\n";
    table = each.table();
    append_row(page, each.what->name, default_cell(each), *each.what);
  }
  page += page_of_services;
  for (const auto& each : routing::service_options::list().options) append_row(page, each.name, "", each);
  const hosting usual;
  for (const auto& each : hosting::list().options)
    append_row(page, hosting::list().full_name(each), "`" + each.text(&usual) + "`", each);
  return page + page_of_programs;
}

}  // namespace troupe
