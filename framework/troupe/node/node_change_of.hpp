// From what gossip says of a member to what the router is told of a node: neither room knows the other.
#pragma once

#include <troupe/calling/node_change.hpp>
#include <troupe/membership/member.hpp>

namespace troupe {

calling::node_change node_change_of(const membership::member& who);

}  // namespace troupe
