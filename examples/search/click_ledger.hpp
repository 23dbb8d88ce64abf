// Who clicked what, by the names of the clicks: a click that is counted twice shows.
//
// With a journal, replicas of a shard write to one file, one line a click: what a replica counted is then
// known also after it was killed, and a click that two replicas counted shows as well.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace search {

struct click_report {
  std::uint64_t clicks = 0;
  std::uint64_t executed_twice = 0;  // clicks that were counted more than once
};

class click_ledger {
 public:
  /// `journal` is a file, made where it is not there; empty for none. Throws std::runtime_error where it
  /// cannot be written.
  explicit click_ledger(std::string journal);
  click_ledger(const click_ledger&) = delete;
  click_ledger& operator=(const click_ledger&) = delete;
  ~click_ledger();

  /// How often `path` was clicked, as this process knows. Throws where the journal cannot be written.
  std::uint32_t record(std::string_view click, const std::string& path);
  click_report report() const;

 private:
  std::string journal_;
  int file_ = -1;
  std::unordered_map<std::string, std::uint32_t> paths_;    // clicks of each
  std::unordered_map<std::string, std::uint32_t> counted_;  // how often each click was, without a journal
};

}  // namespace search
