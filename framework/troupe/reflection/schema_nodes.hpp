// The schema of an interface as a list of nodes: what a tool needs to call it without generated code.
#pragma once

#include <vector>

#include <capnp/schema.h>

namespace troupe::reflection {

/// The interface, its superclasses, and every struct and enum that their methods name, each once.
std::vector<capnp::Schema> schema_nodes(capnp::InterfaceSchema interface);

}  // namespace troupe::reflection
