#include "node_keys.hpp"

#include <algorithm>

#include <troupe/wire/text.hpp>

namespace troupe::command {

using wire::text_of;

const known_key* node_keys::find(const std::string& id) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const auto& one) { return one.id == id; });
  return found == keys.end() ? nullptr : &*found;
}

std::vector<node_keys> keys_of_everybody(const connection& to) {
  std::vector<node_keys> all;
  for (const auto& one : to.answering()) {
    auto& read = all.emplace_back();
    read.node = one.name;
    const auto told = to.admin().keys().on(one.self.node).within(ask_within).wait();
    if (!told) continue;
    read.answers = true;
    read.sealed = told->getSealed();
    read.kept = text_of(told->getKept());
    read.problem = text_of(told->getProblem());
    for (const auto key : told->getKeys())
      read.keys.push_back({text_of(key.getId()), text_of(key.getStanding()), key.getPrimary()});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.node < b.node; });
  return all;
}

}  // namespace troupe::command
