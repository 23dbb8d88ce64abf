// From the model to the text of the two generated files.
//
// What they hold, for an interface Cart: a class CartService to derive from, with one virtual method for each
// method and the dispatcher; troupe::client<Cart>, with plain and builder forms of each method; the
// descriptor that the runtime reads. Every name from outside is written from the global namespace on
// (::troupe, ::capnp), so that a user's own namespace `acme::troupe` does no harm.
#pragma once

#include <string>

#include "model.hpp"

namespace troupe::capnpc {

/// "shop/cart.troupe.hpp" for "shop/cart.capnp".
std::string header_path(const schema_file& file);
/// "shop/cart.troupe.cpp".
std::string source_path(const schema_file& file);

std::string emit_header(const schema_file& file);
std::string emit_source(const schema_file& file);

}  // namespace troupe::capnpc
