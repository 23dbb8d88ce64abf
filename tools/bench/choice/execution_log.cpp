#include "execution_log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <span>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

namespace troupe::choice {

namespace fs = std::filesystem;

namespace {

std::span<const execution> range_of(const std::vector<execution>& all, slice_id slice) {
  const auto [first, last] = std::equal_range(
      all.begin(), all.end(), execution{call_number(slice, 0)},
      [](const execution& a, const execution& b) { return slice_of(a.call) < slice_of(b.call); });
  return {first, last};
}

}  // namespace

execution_log::execution_log(const fs::path& folder, std::string_view node)
    : path_((folder / (std::string(node) + "." + std::to_string(::getpid()))).string()),
      file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (file_ < 0) throw std::runtime_error("the log " + path_ + " cannot be written: " + std::strerror(errno));
}

execution_log::~execution_log() { ::close(file_); }

void execution_log::begins(std::uint64_t call) {
  if (::write(file_, &call, sizeof call) != sizeof call)
    throw std::runtime_error("the log " + path_ + " cannot be written: " + std::strerror(errno));
}

executions::of_slice executions::count(slice_id slice, std::string_view node) const {
  of_slice counted;
  for (const auto& each : range_of(all, slice)) {
    ++counted.all;
    if (nodes[each.node] == node) ++counted.at_node;
  }
  return counted;
}

std::uint64_t executions::executed_again(slice_id slice) const {
  std::uint64_t again = 0;
  const auto here = range_of(all, slice);
  for (std::size_t i = 1; i < here.size(); ++i)
    if (here[i].call == here[i - 1].call && (i == 1 || here[i].call != here[i - 2].call)) ++again;
  return again;
}

result<executions> read_executions(const fs::path& folder) {
  executions found;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    const auto name = entry.path().stem().string();
    const auto known = std::find(found.nodes.begin(), found.nodes.end(), name);
    const auto node = static_cast<std::uint32_t>(known - found.nodes.begin());
    if (known == found.nodes.end()) found.nodes.push_back(name);
    std::ifstream file(entry.path(), std::ios::binary);
    for (std::uint64_t call = 0; file.read(reinterpret_cast<char*>(&call), sizeof call);)
      found.all.push_back({call, node});
    if (!file.eof() || file.gcount() != 0)
      return error{code::data_loss, entry.path().string() + " does not end with a whole number"};
  }
  if (failure) return error{code::unavailable, folder.string() + " cannot be read: " + failure.message()};
  std::sort(found.all.begin(), found.all.end(),
            [](const execution& a, const execution& b) { return a.call < b.call; });
  return found;
}

}  // namespace troupe::choice
