#include <troupe/routing/node_table.hpp>

namespace troupe::routing {

node_state* node_table::find(node_id id) {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

const node_state* node_table::find(node_id id) const {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

node_state& node_table::add(node_id id) { return nodes_[id]; }

void node_table::erase(node_id id) { nodes_.erase(id); }

balance::distance distance_between(std::string_view one_zone, std::string_view other_zone) {
  if (one_zone.empty() || other_zone.empty() || one_zone == other_zone) return balance::distance::same_zone;
  const auto region = [](std::string_view zone) { return zone.substr(0, zone.find('/')); };
  return region(one_zone) == region(other_zone) ? balance::distance::same_region : balance::distance::remote;
}

}  // namespace troupe::routing
