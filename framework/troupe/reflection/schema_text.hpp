// Types and fields of a schema as people read them.
#pragma once

#include <string>

#include <capnp/schema.h>

namespace troupe::reflection {

/// "Text", "List(Item)".
std::string type_name(capnp::Type type);
/// "(user :Text, count :UInt32)".
std::string fields_text(capnp::StructSchema of);

}  // namespace troupe::reflection
