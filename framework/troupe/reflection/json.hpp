// JSON to the parameters of a method, and its results to JSON, by the schema alone.
#pragma once

#include <string>
#include <string_view>

#include <capnp/dynamic.h>

#include <troupe/base/result.hpp>
#include <troupe/reflection/interface_view.hpp>

namespace troupe::reflection {

/// Fills the parameters by Cap'n Proto's JSON rules: an integer may be a text, as 64 bits are more than most
/// programs' JSON numbers hold (this one reads both exactly); Data is a list of bytes; an enum is a name, or
/// a number; of a union one member is said. Errors: invalid_argument, naming the field and showing the
/// parameters; `params` is half filled then.
result<void> fill_params(const method_view& called, std::string_view text,
                         capnp::DynamicStruct::Builder params);

/// By the same rules. Errors: data_loss for what JSON cannot say.
result<std::string> to_json_text(capnp::DynamicStruct::Reader results);

}  // namespace troupe::reflection
