// explain: why a replica is chosen, or what became of a single call.
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include <troupe/wire/text.hpp>

#include "../admin_json.hpp"
#include "../connection.hpp"
#include "../output.hpp"

namespace troupe::command {

namespace {

using json = nlohmann::ordered_json;
using wire::text_of;

std::string fixed(double number, int digits) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

// --- explain SERVICE -----------------------------------------------------------------------------------

struct told_by {
  std::string node;
  response<admin::Admin::ExplainResults> what;
};

bool has_called(const told_by& one) {
  for (const auto candidate : one.what->getExplanation().getCandidates())
    if (candidate.getShare() > 0) return true;
  return false;
}

/// The methods' names by ordinal. An heir's and its superclass's methods may share one: they share
/// statistics.
class method_names {
 public:
  /// Nothing is known where nobody describes the service.
  method_names(const connection& to, const std::string& service) {
    try {
      described_ = to.describe(service);
    } catch (const stopped&) {
    }
  }
  std::string of(std::uint16_t ordinal) const {
    std::vector<std::string> names;
    if (described_)
      for (const auto& one : described_->methods())
        if (one.facts.ordinal == ordinal) names.push_back(one.facts.name);
    return names.empty() ? "method " + std::to_string(ordinal) : joined(names, "|");
  }
  std::uint16_t ordinal_of(const std::string& name) const {
    if (described_)
      if (const auto* found = described_->find(name)) return found->facts.ordinal;
    std::vector<std::string> names;
    if (described_)
      for (const auto& one : described_->methods()) names.push_back(one.facts.name);
    throw stopped(nothing_there, "there is no method '" + name + "'; there are " + joined(names));
  }

 private:
  std::optional<reflection::interface_view> described_;
};

void print_times(admin::Explanation::Reader told, const method_names& names) {
  if (told.getMethods().size() == 0) return;
  table times({{"METHOD"}, {"P50", align::right}, {"P99", align::right}});
  for (const auto one : told.getMethods())
    times.add(
        {names.of(one.getMethod()), duration_text(one.getMedianMicros()), duration_text(one.getP99Micros())});
  times.print();
}

void print_candidates(admin::Explanation::Reader told) {
  std::vector<column> columns{{"NODE"}, {"ADDRESS"}};
  // Every candidate has the same terms; the first one's order is the formula's.
  std::vector<std::string> terms;
  for (const auto candidate : told.getCandidates())
    for (const auto term : candidate.getTerms())
      if (std::find(terms.begin(), terms.end(), text_of(term.getName())) == terms.end())
        terms.push_back(text_of(term.getName()));
  for (const auto& term : terms) columns.push_back({term, align::right});
  for (const auto* title : {"SCORE", "SHARE", "IN FLIGHT"}) columns.push_back({title, align::right});
  columns.push_back({"STATE"});
  table shown(std::move(columns));
  for (const auto candidate : told.getCandidates()) {
    std::vector<cell> row{text_of(candidate.getNode()), text_of(candidate.getAddress())};
    for (const auto& name : terms) {
      std::string text = "-";
      for (const auto term : candidate.getTerms())
        if (text_of(term.getName()) == name)
          text = fixed(term.getValue(), 2) + " x " + fixed(term.getWeight(), 2);
      row.emplace_back(std::move(text));
    }
    row.emplace_back(fixed(candidate.getScore(), 3));
    row.emplace_back(fixed(candidate.getShare() * 100, 0) + " %");
    row.emplace_back(std::to_string(candidate.getInFlight()));
    row.emplace_back(text_of(candidate.getState()), colour_of_state(text_of(candidate.getState())));
    shown.add(std::move(row));
  }
  shown.print();
}

void print_view(const told_by& one, const method_names& names) {
  const auto told = one.what->getExplanation();
  std::printf("%s.%s as %s sees it, policy %s\n", told.getService().cStr(),
              names.of(told.getMethod()).c_str(), one.node.c_str(), told.getPolicy().cStr());
  print_candidates(told);
  print_times(told, names);
}

json view_json(const told_by& one, const method_names& names) {
  json view = json::object({{"from", one.node}});
  auto told = to_json(capnp::DynamicStruct::Reader(one.what->getExplanation()));
  told["method"] = names.of(one.what->getExplanation().getMethod());
  for (std::size_t i = 0; i < one.what->getExplanation().getMethods().size(); ++i)
    told["methods"][i]["method"] =
        names.of(one.what->getExplanation().getMethods()[static_cast<capnp::uint>(i)].getMethod());
  view.update(told);
  return view;
}

struct explain_options {
  std::string what;  // a service, or a call's name
  std::string method;
  std::string node;
};

/// Who calls it knows best. Where nobody does, every node's view is as good.
std::vector<told_by> views_of(const connection& to, const explain_options& wanted, std::uint16_t method) {
  std::vector<told_by> all;
  std::string problem;
  for (const auto& one : to.answering(wanted.node)) {
    auto told = to.admin().explain(wanted.what, method).on(one.self.node).within(ask_within).wait();
    if (told)
      all.push_back({one.name, std::move(told)});
    else
      problem = told.error().explain();
  }
  if (all.empty()) throw stopped(failed, problem);
  if (std::any_of(all.begin(), all.end(), has_called))
    std::erase_if(all, [](const auto& one) { return !has_called(one); });
  else
    all.erase(all.begin() + 1, all.end());
  return all;
}

void explain_service(const common_options& common, const connection& to, const explain_options& wanted) {
  (void)to.serving(wanted.what);  // a service that nobody has is an error of its own
  const method_names names(to, wanted.what);
  const auto method = wanted.method.empty() ? admin::ANY_METHOD : names.ordinal_of(wanted.method);
  const auto all = views_of(to, wanted, method);
  if (common.format == format::json) {
    json views = json::array();
    for (const auto& one : all) views.push_back(view_json(one, names));
    return print_json(json::object({{"service", wanted.what}, {"views", std::move(views)}}));
  }
  for (const auto& one : all) {
    if (&one != &all.front()) std::puts("");
    print_view(one, names);
  }
}

// --- explain CALL --------------------------------------------------------------------------------------

std::string many_attempts(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " attempt" : " attempts");
}

void print_terms(admin::Attempt::Reader of, std::size_t number) {
  std::string sum;
  for (const auto term : of.getTerms())
    if (term.getValue() * term.getWeight() > 0)
      sum += (sum.empty() ? "" : " + ") + text_of(term.getName()) + " " + fixed(term.getValue(), 2) + " x " +
             fixed(term.getWeight(), 2);
  if (of.getTerms().size() == 0) return;
  std::printf("score of attempt %zu: %s\n", number, sum.empty() ? "0: nothing against it" : sum.c_str());
}

void print_call(admin::RecentCall::Reader call, const std::string& from) {
  std::printf("%s: %s.%s by %s, %s\n", call.getName().cStr(), call.getService().cStr(),
              call.getMethod().cStr(), from.c_str(), call.getCode().cStr());
  std::printf("%s, %s of %s, %s ago; %s, policy %s; kept as: %s\n",
              many_attempts(call.getAttempts().size()).c_str(), duration_text(call.getTookMicros()).c_str(),
              duration_text(call.getAllowedMicros()).c_str(), duration_text(call.getAgoMicros()).c_str(),
              call.getSafety().cStr(), call.getPolicy().cStr(), call.getKeptFor().cStr());
  if (call.getText().size() > 0) std::puts(call.getText().cStr());
  table shown({{"#", align::right},
               {"NODE"},
               {"ADDRESS"},
               {"AFTER", align::right},
               {"TOOK", align::right},
               {"SCORE", align::right},
               {"WHY CHOSEN"},
               {"OUTCOME"},
               {"WHAT FOLLOWED"}});
  std::size_t number = 0;
  for (const auto one : call.getAttempts())
    shown.add({std::to_string(++number), text_of(one.getNode()), text_of(one.getAddress()),
               duration_text(one.getStartedMicros()), duration_text(one.getTookMicros()),
               one.getScore() < 0 ? "trial" : fixed(one.getScore(), 3), text_of(one.getWhyChosen()),
               text_of(one.getOutcome()), text_of(one.getWhatFollowed())});
  if (number > 0) shown.print();
  number = 0;
  for (const auto one : call.getAttempts()) print_terms(one, ++number);
}

void explain_call(const common_options& common, const connection& to, const explain_options& wanted) {
  std::string made_by_nobody;
  std::string forgotten;
  for (const auto& one : to.answering(wanted.node)) {
    const auto told = to.admin().explainCall(wanted.what).on(one.self.node).within(ask_within).wait();
    if (told) {
      if (common.format == format::table) return print_call(told->getCall(), one.name);
      json shown = json::object({{"from", one.name}});
      shown.update(to_json(capnp::DynamicStruct::Reader(told->getCall())));
      return print_json(shown);
    }
    auto& problem =
        told.error().code == code::not_found && told.error().text.find("was not made by") == std::string::npos
            ? forgotten
            : made_by_nobody;
    problem = told.error().text;
  }
  if (!forgotten.empty()) throw stopped(nothing_there, forgotten);
  throw stopped(nothing_there,
                "call " + wanted.what +
                    " was made by none of the nodes that answer: by one that has ended since, or "
                    "by a command such as troupe call, whose error tells all there is");
}

void explain(const common_options& common, const explain_options& wanted) {
  const bool is_call = parse_call_name(wanted.what).has_value();
  if (is_call && !wanted.method.empty())
    throw stopped(misused, "--method goes with a SERVICE, not with a call");
  const connection to(common);
  return is_call ? explain_call(common, to, wanted) : explain_service(common, to, wanted);
}

}  // namespace

void add_explain_verb(command_line& to) {
  const auto wanted = std::make_shared<explain_options>();
  auto* verb = to.verb(
      "explain", "Shows why a replica is chosen, term by term (value x weight); or what became of a call.",
      "  troupe explain shop.Cart                       by every node that calls it\n"
      "  troupe explain shop.Cart --method get --node web-1\n"
      "  troupe explain 0f3c91d2a7b4e865-1000001        a call, as its error or troupe calls names it\n",
      [&common = to.common, wanted] { explain(common, *wanted); });
  verb->add_option("SERVICE|CALL", wanted->what, "as troupe services shows it, or as errors show it")
      ->required();
  verb->add_option("--method", wanted->method, "whose calls the scores are for")->type_name("METHOD");
  verb->add_option("--node,--from", wanted->node, "the only node whose router is asked")->type_name("NODE");
}

}  // namespace troupe::command
