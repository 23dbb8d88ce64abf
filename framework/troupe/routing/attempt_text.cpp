#include <troupe/retry/decide.hpp>
#include <troupe/routing/attempt_text.hpp>

namespace troupe::routing {

namespace {

std::string reason_to_repeat(retry::verdict by, rpc::safety declared) {
  switch (by) {
    case retry::verdict::at_once:
      return "it was never sent";
    case retry::verdict::free_once:
      return "it was not executed";
    case retry::verdict::from_budget:
      return declared == rpc::safety::read_only ? "the method changes nothing" : "the method is idempotent";
    case retry::verdict::not_repeatable:
    case retry::verdict::final_answer:
      break;
  }
  return "";
}

std::string reason_to_end(retry::verdict by) {
  switch (by) {
    case retry::verdict::at_once:
    case retry::verdict::free_once:
    case retry::verdict::from_budget:
      return "not repeated: attempts, budget or time were used up";
    case retry::verdict::not_repeatable:
      return "not repeated: it may have been executed, and the method is unsafe";
    case retry::verdict::final_answer:
      return "its answer is the call's";
  }
  return "";
}

}  // namespace

std::string outcome_text(const attempt_record& of) {
  std::string text;
  switch (of.fate) {
    case retry::fate::never_sent:
      text = "not sent";
      break;
    case retry::fate::bounced:
      text = "bounced, not executed";
      break;
    case retry::fate::refused:
      text = "refused, not executed";
      break;
    case retry::fate::lost:
      text = "no answer";
      break;
    case retry::fate::answered:
      text = to_string(of.code);
      break;
  }
  if (!of.note.empty()) text += ": " + of.note;
  return text;
}

std::string sequel_text(const attempt_record& of, const attempt_record* next, rpc::safety declared) {
  const auto verdict = retry::decide(of.fate, declared);
  const bool final = verdict == retry::verdict::final_answer;
  if (final) return reason_to_end(verdict);
  if (next != nullptr && next->started < of.ended)
    return "a backup was started elsewhere while it did not answer";
  if (of.code == code::cancelled) return "nobody waits for it any more";
  if (next == nullptr) return reason_to_end(verdict);
  if (of.fate == retry::fate::bounced)
    return next->node == of.node ? "let in there: by its news it is still the best"
                                 : "sent elsewhere: by its news another replica is the better one";
  const auto where = next->node == of.node ? "tried again there: " : "tried elsewhere: ";
  return where + reason_to_repeat(verdict, declared);
}

}  // namespace troupe::routing
