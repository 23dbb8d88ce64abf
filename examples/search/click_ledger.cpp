#include "click_ledger.hpp"

#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace search {

namespace {

click_report report_of(const std::unordered_map<std::string, std::uint32_t>& counted) {
  click_report told;
  for (const auto& [click, times] : counted) {
    ++told.clicks;
    if (times > 1) ++told.executed_twice;
  }
  return told;
}

}  // namespace

click_ledger::click_ledger(std::string journal) : journal_(std::move(journal)) {
  if (journal_.empty()) return;
  file_ = ::open(journal_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0)
    throw std::runtime_error("the journal " + journal_ + " cannot be written: " + std::strerror(errno));
}

click_ledger::~click_ledger() {
  if (file_ >= 0) ::close(file_);
}

std::uint32_t click_ledger::record(std::string_view click, const std::string& path) {
  if (file_ < 0) {
    ++counted_[std::string(click)];
    return ++paths_[path];
  }
  // One write of one line: lines of several processes do not mix, and what is written survives the process.
  const auto line = std::string(click) + "\n";
  if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw std::runtime_error("the journal " + journal_ + " cannot be written: " + std::strerror(errno));
  return ++paths_[path];
}

click_report click_ledger::report() const {
  if (file_ < 0) return report_of(counted_);
  std::unordered_map<std::string, std::uint32_t> counted;
  std::ifstream lines(journal_);
  for (std::string click; std::getline(lines, click);) ++counted[click];
  return report_of(counted);
}

}  // namespace search
