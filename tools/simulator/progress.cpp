#include "progress.hpp"

#include <cstdio>

#include <unistd.h>

namespace troupe::simulator {

namespace {

constexpr std::size_t bar_width = 30;
constexpr std::size_t text_width = 40;

}  // namespace

progress::progress(std::size_t steps)
    : steps_(steps == 0 ? 1 : steps),
      shown_(::isatty(STDERR_FILENO) == 1),
      started_(std::chrono::steady_clock::now()) {}

progress::~progress() {
  if (shown_) std::fprintf(stderr, "\r\x1b[K");
}

void progress::advance(const std::string& what) {
  const std::lock_guard lock(mutex_);
  ++done_;
  if (!shown_) return;
  const std::size_t full = done_ * bar_width / steps_;
  const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  const double left = passed / static_cast<double>(done_) * static_cast<double>(steps_ - done_);
  std::fprintf(stderr, "\r\x1b[K[%s%s] %zu/%zu, %.0f s left  %s", std::string(full, '#').c_str(),
               std::string(bar_width - full, '.').c_str(), done_, steps_, left,
               what.substr(0, text_width).c_str());
  std::fflush(stderr);
}

}  // namespace troupe::simulator
