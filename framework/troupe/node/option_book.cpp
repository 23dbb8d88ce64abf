#include <algorithm>

#include <troupe/base/nearest_name.hpp>
#include <troupe/node/option_book.hpp>

namespace troupe {

namespace {

template <class Struct>
void append(std::vector<booked_option>& to, const option_list<Struct>& list, void* (*home)(node_options&)) {
  for (const auto& each : list.options) to.push_back({list.full_name(each), &each, home});
}

std::vector<booked_option> make_book() {
  std::vector<booked_option> book;
  for (const auto& each : node_options::list().options)
    book.push_back({std::string(each.name), &each, [](node_options& o) -> void* { return &o; }});
  append(book, membership::options::list(), [](node_options& o) -> void* {
    if (!o.membership) o.membership = membership_of(o);
    return &*o.membership;
  });
  append(book, gossip::asking_periods::list(), [](node_options& o) -> void* { return &o.gossip; });
  append(book, routing::options::list(), [](node_options& o) -> void* { return &o.routing; });
  append(book, retry::options::list(), [](node_options& o) -> void* { return &o.routing.retry; });
  append(book, balance::options::list(), [](node_options& o) -> void* { return &o.routing.balance; });
  append(book, balance::weights::list(), [](node_options& o) -> void* { return &o.routing.balance.weight; });
  append(book, balance::ejection_options::list(),
         [](node_options& o) -> void* { return &o.routing.balance.ejection; });
  append(book, serving::server_options::list(), [](node_options& o) -> void* { return &o.server; });
  append(book, transport::link_limits::list(), [](node_options& o) -> void* { return &o.links; });
  append(book, wire::frame_limits::list(), [](node_options& o) -> void* { return &o.links.frames; });
  append(book, transport::keep_alive_options::list(), [](node_options& o) -> void* { return &o.keep_alive; });
  for (auto& each : book) {
    if (each.name == "keyring") each.environment = "TROUPE_KEYRING";
    if (each.name == "gossip_key") each.environment = "TROUPE_GOSSIP_KEY";
  }
  return book;
}

result<void> apply_one(const said_option& what, node_options& options) {
  if (!what.service.empty()) return set_for_service(options, what.service, what.name, what.value);
  const auto* known = find_option(what.name);
  TROUPE_INVARIANT(known != nullptr);
  return known->what->set(known->home(options), what.value, what.shown);
}

bool is_of_services(const std::string& name) {
  const auto names = service_option_names();
  return name.starts_with("weights.") || std::find(names.begin(), names.end(), name) != names.end();
}

error no_such_service_option(std::string_view name) {
  auto names = service_option_names();
  names.emplace_back("weights");
  return {code::invalid_argument,
          "'" + std::string(name) +
              "' means nothing of a service; there are policy, weights, aperture, and options of balance, "
              "retry and hosting" +
              did_you_mean(option_name(name), {names.begin(), names.end()})};
}

int order_of(const said_option& what) {
  if (!what.service.empty()) return 2;
  return what.name.find('.') == std::string::npos ? 0 : 1;
}

}  // namespace

std::string_view booked_option::table() const {
  const auto dot = name.rfind('.');
  return dot == std::string::npos ? std::string_view("node") : std::string_view(name).substr(0, dot);
}

const std::vector<booked_option>& option_book() {
  static const auto book = make_book();
  return book;
}

const booked_option* find_option(std::string_view written) {
  const auto name = option_name(written);
  for (const auto& each : option_book())
    if (each.name == name) return &each;
  return nullptr;
}

result<void> apply(std::vector<said_option> said, node_options& options) {
  std::stable_sort(said.begin(), said.end(),
                   [](const auto& one, const auto& other) { return order_of(one) < order_of(other); });
  for (const auto& each : said)
    if (const auto done = apply_one(each, options); !done)
      return error{done.error().code, each.place + done.error().text};
  return {};
}

result<void> set_for_service(node_options& options, const std::string& service, std::string_view name,
                             std::string_view value) {
  if (const auto* known = hosting::list().find(option_name(name))) {
    hosting trial;
    if (auto done = known->set(&trial, value, option_name(name)); !done) return done;
    options.hosting[service].push_back({option_name(name), std::string(value)});
    return {};
  }
  if (!is_of_services(option_name(name))) return no_such_service_option(name);
  return options.routing.services[service].set(name, value);
}

std::vector<std::string> service_option_names() {
  auto names = routing::names_for_services();
  for (const auto& each : hosting::list().options) names.push_back(hosting::list().full_name(each));
  return names;
}

std::string spelled(std::string_view name, spelling how) {
  std::string text(name);
  if (how == spelling::in_file) return text;
  std::replace(text.begin(), text.end(), '_', '-');
  return "--" + text;
}

std::string no_such_option(std::string_view written, spelling how, const program_options* own) {
  const auto name = option_name(written);
  const auto text = "there is no option '" + spelled(written, how) + "'";
  std::vector<std::string_view> names = {"config", "service", "help"};
  if (how == spelling::in_file) names.clear();
  if (own != nullptr)
    for (const auto& each : own->entries()) names.push_back(each.what.name);
  for (const auto& each : option_book()) names.push_back(each.name);
  if (const auto meant = nearest_dotted_name(name, names); !meant.empty())
    return text + "; did you mean '" + spelled(meant, how) + "'?";
  for (const auto& each : service_option_names())
    if (each == name)
      return text +
             " of a node: it is said of one service, as [service.\"NAME\"] in a file, or by --service NAME:" +
             each + "=...";
  const auto dot = name.rfind('.');
  const auto table = dot == std::string::npos ? std::string("node") : name.substr(0, dot);
  std::string there;
  for (const auto& each : option_book())
    if (each.table() == table) there.append(there.empty() ? "" : ", ").append(each.what->name);
  return there.empty() || how == spelling::on_line ? text : text + "; there are " + there;
}

}  // namespace troupe
