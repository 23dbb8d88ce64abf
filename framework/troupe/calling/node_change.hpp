// What the router is told of a node: who it is, and where it listens.
#pragma once

#include <troupe/base/endpoint.hpp>
#include <troupe/routing/router.hpp>

namespace troupe::calling {

struct node_change {
  routing::node_view view;
  endpoint address;
};

}  // namespace troupe::calling
