#include "live_view.hpp"

#include <array>
#include <cstdio>

#include <troupe/actor/clock.hpp>

namespace troupe::demo {

namespace {

constexpr duration period = std::chrono::seconds(1);
constexpr auto nap = std::chrono::milliseconds(50);

}  // namespace

live_view::live_view(const stage& of)
    : of_(of), begun_(actor::now()), last_(begun_), taken_(of.requests()), thread_([this] { run(); }) {}

live_view::~live_view() {
  stopping_ = true;
  thread_.join();
}

void live_view::run() {
  while (!stopping_) {
    std::this_thread::sleep_for(nap);
    if (actor::now() - last_ < period) continue;
    std::fprintf(stderr, "%s\n", line().c_str());
  }
}

std::string live_view::line() {
  const auto now = actor::now();
  const auto seen = of_.queries().over(last_, now);
  std::array<char, 160> head{};
  std::snprintf(head.data(), head.size(), "%5.1f s  %4.0f calls/s  p50 %-8s p99 %-8s failed so far %llu  |",
                to_seconds(now - begun_), seen.per_second, format_duration(seen.p50).c_str(),
                format_duration(seen.p99).c_str(), static_cast<unsigned long long>(of_.queries().failed()));
  std::string text = head.data();
  const auto taken = of_.requests();
  std::map<std::string, double> by_group;
  std::map<std::string, double> by_node;
  for (const auto& [node, count] : taken) {
    const auto earlier = taken_.find(node);
    // A counter that went back belongs to a process that was started again.
    const auto base = earlier == taken_.end() || earlier->second > count ? 0 : earlier->second;
    by_node[node] = static_cast<double>(count - base);
    by_group[node.substr(0, node.find('-'))] += by_node[node];
  }
  for (const auto& [node, count] : by_node) {
    const auto all = by_group[node.substr(0, node.find('-'))];
    std::snprintf(head.data(), head.size(), " %s %.0f%%", node.c_str(), all > 0 ? 100 * count / all : 0.);
    text += head.data();
  }
  taken_ = taken;
  last_ = now;
  return text;
}

}  // namespace troupe::demo
