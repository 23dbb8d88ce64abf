// An interface as a program without generated code knows it: from its schema alone.
#include <doctest/doctest.h>

#include <troupe/service/affinity.hpp>

#include "desk.capnp.h"
#include "reflection/described.hpp"

using namespace troupe;

namespace {

reflection::interface_view described_desk() { return described::interface<desk::Desk>("test.Desk"); }

}  // namespace

TEST_CASE("a loaded interface has its own and its inherited methods, as their authors declared them") {
  const auto view = described_desk();
  REQUIRE(view.methods().size() == 3);
  const auto* put = view.find("put");
  const auto* open = view.find("open");
  const auto* shut = view.find("shut");
  REQUIRE((put && open && shut));
  CHECK(view.find("close") == nullptr);

  CHECK(put->signature() == "put (sheet :Sheet, owner :UInt64) -> ()");
  CHECK(open->signature() == "open (key :Data, gently :Bool) -> (sheets :List(Sheet))");
  CHECK(put->facts.traits.safety == rpc::safety::unsafe);
  CHECK(put->facts.traits.timeout == std::chrono::milliseconds(40));
  CHECK(open->facts.traits.safety == rpc::safety::read_only);
  CHECK(open->facts.traits.timeout == std::chrono::seconds(2));
  CHECK(shut->facts.traits.safety == rpc::safety::idempotent);
  CHECK(shut->facts.ordinal == 1);
  CHECK(open->facts.interface_id == capnp::typeId<desk::Drawer>());
  CHECK(put->facts.interface_id == capnp::typeId<desk::Desk>());
  CHECK(open->facts.service == "test.Desk");
  CHECK(view.policy() == "");
  CHECK(described::interface<desk::Clerk>("test.Clerk").policy() == "consistent_hash");
}

TEST_CASE("a schema that makes no sense is an error that names the service") {
  capnp::MallocMessageBuilder message;
  auto told = message.initRoot<troupe::admin::Admin::DescribeResults>();
  const auto view = reflection::interface_view::load("test.Desk", 7, told.asReader().getNodes());
  REQUIRE_FALSE(view);
  CHECK(view.error().code == code::data_loss);
  CHECK(view.error().text.find("the schema of test.Desk cannot be read") == 0);
}

TEST_CASE("the affinity key hashes as the generated stub's does") {
  const auto view = described_desk();
  described::params put(*view.find("put"), R"({"owner": 77})");
  CHECK(affinity_key(*view.find("put"), put.builder.asReader()) == affinity_of(std::uint64_t{77}));
  described::params open(*view.find("open"), R"({"key": [1, 2, 255]})");
  const kj::byte bytes[] = {1, 2, 255};
  CHECK(affinity_key(*view.find("open"), open.builder.asReader()) ==
        affinity_of(capnp::Data::Reader(bytes, sizeof bytes)));
  described::params shut(*view.find("shut"), "{}");
  CHECK_FALSE(affinity_key(*view.find("shut"), shut.builder.asReader()));
}
