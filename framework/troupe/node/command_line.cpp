// A command line, by CLI11: what it says becomes options by the lists.
#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>

#include <CLI/CLI.hpp>

#include <troupe/base/nearest_name.hpp>
#include <troupe/node/option_book.hpp>
#include <troupe/node/option_texts.hpp>
#include <troupe/node/options.hpp>
#include <troupe/node/options_file.hpp>

namespace troupe {

namespace {

error wrong(std::string text) { return {code::invalid_argument, std::move(text)}; }

/// As CLI11 takes it, in both spellings.
std::string flags_of(std::string_view name) {
  const auto dashes = spelled(name, spelling::on_line);
  const auto underscores = "--" + std::string(name);
  return dashes == underscores ? dashes : dashes + "," + underscores;
}

/// "--pool-threads=2" is named pool_threads; empty: a word, which names nothing.
std::string name_in(const std::string& argument) {
  if (argument.size() < 2 || argument[0] != '-' || std::isdigit(static_cast<unsigned char>(argument[1])) != 0)
    return {};
  const auto begins = argument.find_first_not_of('-');
  if (begins == std::string::npos) return {};
  return option_name(argument.substr(begins, argument.find('=') - begins));
}

/// Where CLI11 puts what it found of one option.
struct place {
  std::string name;
  CLI::Option* given = nullptr;
  std::vector<std::string> texts;

  std::string value() const {
    std::string all;
    for (const auto& each : texts) all.append(all.empty() ? "" : ",").append(each);
    return all;
  }
};

class line_reader {
 public:
  explicit line_reader(const program_options* own) : own_(own) {
    parser_.allow_extras();
    parser_.set_help_flag();
    parser_.add_flag("-h,--help", help_);
    parser_.add_flag("--help-all", help_all_);
    parser_.add_option("--config", file_);
    parser_.add_option("--service", services_)->allow_extra_args(false);
    for (const auto& each : option_book()) add(of_node_, each.name, *each.what)->envname(each.environment);
    if (own_ == nullptr) return;
    for (const auto& each : own_->entries()) add(of_program_, std::string(each.what.name), each.what);
  }

  /// Errors: invalid_argument.
  result<void> read(int argc, const char* const* argv) {
    try {
      parser_.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
      return wrong(std::string(problem.what()) + " (--help lists the options)");
    }
    return {};
  }

  bool wants_help() const { return help_ || help_all_; }
  help_on help() const { return help_all_ ? help_on::all : help_on::common; }
  const std::string& file() const { return file_; }
  std::vector<std::string> extras() const { return parser_.remaining(); }

  std::vector<said_option> of_program() const { return said(of_program_); }
  /// Errors: invalid_argument, for a --service that is not SERVICE:KEY=VALUE,...
  result<std::vector<said_option>> of_node() const {
    auto all = said(of_node_);
    for (const auto& text : services_) {
      const auto line = routing::parse_service_line(text);
      if (!line) return wrong("--service: " + line.error().text);
      for (const auto& [name, value] : line->settings)
        all.push_back({name, value, "--service: service " + line->service + ": ", name, line->service});
    }
    return all;
  }

 private:
  CLI::Option* add(std::deque<place>& to, std::string name, const option& what) {
    auto& one = to.emplace_back();
    one.name = std::move(name);
    const bool is_own = &to == &of_program_;
    if (is_own && what.kind == option_kind::flag) {
      one.given = parser_.add_flag_function(
          flags_of(one.name), [&one](std::int64_t times) { one.texts = {times > 0 ? "true" : "false"}; });
    } else if (what.kind == option_kind::texts) {
      one.given = parser_.add_option(flags_of(one.name), one.texts)->delimiter(',');
      if (is_own) one.given->allow_extra_args(false);
    } else {
      one.given = parser_.add_option_function<std::string>(
          flags_of(one.name), [&one](const std::string& text) { one.texts = {text}; });
    }
    return one.given;
  }

  static std::vector<said_option> said(const std::deque<place>& places) {
    std::vector<said_option> all;
    for (const auto& each : places)
      if (each.given->count() > 0)
        all.push_back({each.name, each.value(), "", spelled(each.name, spelling::on_line).substr(2), ""});
    return all;
  }

  const program_options* own_;
  CLI::App parser_;
  bool help_ = false;
  bool help_all_ = false;
  std::string file_;
  std::vector<std::string> services_;
  std::deque<place> of_node_;  // CLI11 keeps where each is
  std::deque<place> of_program_;
};

/// Of what the command line held that is no option: whether it may be there.
result<void> check_extras(const std::vector<std::string>& extras, const program_options& own) {
  for (const auto& each : extras) {
    if (const auto name = name_in(each); !name.empty())
      return wrong(no_such_option(name, spelling::on_line, &own) + " (--help lists the options)");
    if (own.rest_of_line().into == nullptr)
      return wrong("'" + each + "' means nothing: this program takes options only (--help lists them)");
  }
  return {};
}

/// The same for a program that has declared no options, and may have some nevertheless: what is one of a
/// node's, mistyped.
result<void> check_extras(const std::vector<std::string>& extras) {
  std::vector<std::string_view> names = {"config", "service", "help", "help_all"};
  for (const auto& each : option_book()) names.push_back(each.name);
  for (const auto& each : extras)
    if (const auto meant = nearest_name(name_in(each), names); !meant.empty())
      return wrong(no_such_option(name_in(each), spelling::on_line) + " (--help lists the options)");
  return {};
}

result<void> take(const std::vector<said_option>& said, const program_options& own) {
  for (const auto& each : said) {
    const auto* known = own.find(each.name);
    if (const auto done = known->what.set(known->into, each.value, each.shown); !done)
      return error{done.error().code, each.place + done.error().text};
  }
  return {};
}

result<void> check_needed(const std::vector<said_option>& said, const program_options& own) {
  for (const auto& each : own.entries()) {
    const auto is_it = [&](const said_option& one) { return one.name == each.what.name; };
    if (each.need == program_options::presence::needed && std::none_of(said.begin(), said.end(), is_it))
      return wrong("the option " + spelled(each.what.name, spelling::on_line) +
                   " is needed: " + std::string(each.what.sentence) + " (--help lists the options)");
  }
  return {};
}

void append(std::vector<said_option>& to, std::vector<said_option> more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

result<command_line> read_command_line(int argc, const char* const* argv, const node_options& defaults,
                                       program_options* own) {
  if (own != nullptr)
    if (auto sound = own->check(); !sound) return sound.error();
  command_line read{defaults, {}, {}};
  line_reader line(own);
  if (const auto done = line.read(argc, argv); !done) return done.error();
  if (line.wants_help()) {
    read.help = help_text(std::filesystem::path(argc > 0 ? argv[0] : "").filename().string(), own, defaults,
                          line.help());
    return read;
  }
  read.arguments = line.extras();
  if (const auto known = own != nullptr ? check_extras(read.arguments, *own) : check_extras(read.arguments);
      !known)
    return known.error();
  options_file said;
  if (!line.file().empty()) {
    auto file = read_said(line.file(), own);
    if (!file) return file.error();
    said = std::move(*file);
  }
  auto of_node = line.of_node();
  if (!of_node) return of_node.error();
  append(said.of_node, std::move(*of_node));
  if (const auto done = apply(std::move(said.of_node), read.options); !done) return done.error();
  if (const auto sound = read.options.validate(); !sound) return sound.error();
  if (own == nullptr) return read;
  append(said.of_program, line.of_program());
  if (const auto done = take(said.of_program, *own); !done) return done.error();
  if (const auto there = check_needed(said.of_program, *own); !there) return there.error();
  if (own->rest_of_line().into != nullptr) *own->rest_of_line().into = read.arguments;
  return read;
}

}  // namespace troupe
