#include <algorithm>
#include <array>
#include <cstdio>

#include <troupe/calling/call_error.hpp>

namespace troupe {

namespace {

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

// Below 0 stands for no score: a replica on trial goes before all.
std::string score_text(double score) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "score %.2f", score);
  return score < 0 ? "on trial  " : text.data();
}

}  // namespace

std::string call_error::explain() const {
  std::string shown = target.empty() ? "" : target + " ";
  shown += to_string(code);
  if (!attempts.empty())
    shown += " after " + std::to_string(attempts.size()) + (attempts.size() == 1 ? " attempt" : " attempts");
  if (allowed > duration::zero())
    shown +=
        (attempts.empty() ? " after " : ", ") + format_duration(took) + " of " + format_duration(allowed);
  if (!text.empty()) shown += ": " + text;
  std::size_t node_width = 0;
  std::size_t address_width = 0;
  for (const auto& attempt : attempts) {
    node_width = std::max(node_width, attempt.node.size());
    address_width = std::max(address_width, attempt.address.size());
  }
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const auto& attempt = attempts[i];
    std::array<char, 32> lasted{};
    std::snprintf(lasted.data(), lasted.size(), "%8s", format_duration(attempt.took).c_str());
    shown += "\n  " + std::to_string(i + 1) + "  " + padded(attempt.node, node_width) + "  " +
             padded(attempt.address, address_width) + "  " + score_text(attempt.score) + "  " +
             lasted.data() + "  " + attempt.outcome;
  }
  if (!call.empty()) shown += "\n  call: " + call;
  if (!known.empty()) shown += "\n  known: " + known;
  if (!hint.empty()) shown += "\n  hint: " + hint;
  return shown;
}

}  // namespace troupe
