// An interface as a node describes it and a program without generated code loads it; parameters from JSON.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/schema.h>
#include <doctest/doctest.h>

#include <troupe/admin.capnp.h>
#include <troupe/reflection/interface_view.hpp>
#include <troupe/reflection/json.hpp>
#include <troupe/reflection/schema_nodes.hpp>

namespace described {

template <class Interface>
troupe::reflection::interface_view interface(const std::string& service) {
  capnp::MallocMessageBuilder message;
  auto told = message.initRoot<troupe::admin::Admin::DescribeResults>();
  const auto schema = capnp::Schema::from<Interface>();
  const auto found = troupe::reflection::schema_nodes(schema);
  auto nodes = told.initNodes(static_cast<capnp::uint>(found.size()));
  for (capnp::uint i = 0; i < nodes.size(); ++i) nodes.setWithCaveats(i, found[i].getProto());
  auto view = troupe::reflection::interface_view::load(service, schema.getProto().getId(),
                                                       told.asReader().getNodes());
  REQUIRE(view);
  return std::move(*view);
}

struct params {
  capnp::MallocMessageBuilder message;
  troupe::result<void> outcome;
  capnp::DynamicStruct::Builder builder;

  params(const troupe::reflection::method_view& called, std::string_view json)
      : builder(message.initRoot<capnp::DynamicStruct>(called.params)) {
    outcome = troupe::reflection::fill_params(called, json, builder);
  }
};

}  // namespace described
