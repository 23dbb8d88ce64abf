// What the admin service answers, as JSON for -o json.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <capnp/dynamic.h>

namespace troupe::command {

/// A struct of the admin service, with its field names; ids as sixteen hexadecimal digits.
nlohmann::ordered_json to_json(capnp::DynamicStruct::Reader of);

}  // namespace troupe::command
