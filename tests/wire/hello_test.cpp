// Introductions: what is said is what is read, whatever strangers say has bounds, and what two sides agree
// on.
#include <string>

#include <doctest/doctest.h>

#include <troupe/wire/hello.hpp>

#include "frames.hpp"

using namespace troupe;
using namespace troupe::wire;
using test::arrived_as;
using test::forged;

namespace {

const identity somebody{{0x1234567890abcdefull}, {1'700'000'000'000'000}};

hello sound() { return {.cluster = "shop", .from = somebody, .name = "cart-1"}; }

bool says(const error& problem, const std::string& what) {
  return problem.text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("a hello arrives as it was said") {
  for (const auto spoken : {feature_set::all(), feature_set{feature::bouncing}, feature_set{}}) {
    auto said = sound();
    said.features = spoken;
    said.name = std::string("zero\0within", 11);
    const auto heard = read_hello(*arrived_as(said));
    REQUIRE(heard);
    CHECK(heard->version == protocol_version);
    CHECK(heard->cluster == said.cluster);
    CHECK(heard->from == said.from);
    CHECK(heard->name == said.name);
    CHECK(heard->features == spoken);
  }
}

TEST_CASE("a welcome arrives as it was said") {
  auto own = sound();
  own.features = feature_set::all().without(feature::load_queries);
  const auto heard = read_welcome(*arrived_as(welcome_of(own)));
  REQUIRE(heard);
  CHECK(heard->version == own.version);
  CHECK(heard->from == own.from);
  CHECK(heard->name == own.name);
  CHECK(heard->features == own.features);
}

TEST_CASE("a refusal is the error that it tells") {
  const auto heard = read_welcome(*arrived_as(refusal{{code::permission_denied, "another cluster"}}));
  REQUIRE_FALSE(heard);
  CHECK(heard.error() == error{code::permission_denied, "another cluster"});
}

TEST_CASE("a refusal with a code that is none, or that is no refusal, and a long text, is still one") {
  for (const std::uint16_t number : {std::uint16_t{0}, std::uint16_t{17}, std::uint16_t{65535}}) {
    const auto heard = read_welcome(*forged([&](auto frame) {
      frame.initRefusal().setCode(number);
      frame.getRefusal().setText(std::string(100'000, 'x'));
    }));
    REQUIRE_FALSE(heard);
    CHECK(heard.error().code == code::unknown);
    CHECK(heard.error().text.size() == 1024);
  }
}

TEST_CASE("who says nothing of features speaks those that there were before anybody did") {
  const auto caller = read_hello(*forged([](auto frame) {
    frame.initHello().setVersion(protocol_version);
    frame.getHello().getFrom().setNode(1);
  }));
  REQUIRE(caller);
  CHECK(caller->features == feature_set::unsaid());
  const auto answer = read_welcome(*forged([](auto frame) {
    frame.initWelcome().setVersion(protocol_version);
    frame.getWelcome().getFrom().setNode(1);
  }));
  REQUIRE(answer);
  CHECK(answer->features == feature_set::unsaid());
}

TEST_CASE("features that this release does not know, and the same ones again, are ignored") {
  const auto heard = read_hello(*forged([](auto frame) {
    auto said = frame.initHello();
    said.setVersion(protocol_version);
    said.getFrom().setNode(1);
    auto list = said.initFeatures(5);
    list.set(0, static_cast<idl::Feature>(feature_count));
    list.set(1, static_cast<idl::Feature>(64));
    list.set(2, static_cast<idl::Feature>(65535));
    list.set(3, idl::Feature::BOUNCING);
    list.set(4, idl::Feature::BOUNCING);
  }));
  REQUIRE(heard);
  CHECK(heard->features == feature_set{feature::bouncing});
}

TEST_CASE("of another version nothing but that is read") {
  const auto heard = read_hello(*forged([](auto frame) {
    auto said = frame.initHello();
    said.setVersion(99);
    said.setName(std::string(1000, 'x'));
  }));
  REQUIRE(heard);
  CHECK(heard->version == 99);
  CHECK(heard->name.empty());
  const auto answer = read_welcome(*forged([](auto frame) { frame.initWelcome().setVersion(3); }));
  REQUIRE(answer);
  CHECK(answer->version == 3);
}

TEST_CASE("introductions beyond their bounds are refused with the bound") {
  auto said = sound();
  said.cluster = std::string(65, 'c');
  CHECK(says(read_hello(*arrived_as(said)).error(), "a cluster's name of 65 bytes exceeds 64"));
  said = sound();
  said.name = std::string(65, 'n');
  CHECK(says(read_hello(*arrived_as(said)).error(), "a node's name of 65 bytes exceeds 64"));
  CHECK(says(read_welcome(*arrived_as(welcome_of(said))).error(), "a node's name of 65 bytes exceeds 64"));
  said = sound();
  said.from.node = {};
  CHECK(says(read_hello(*arrived_as(said)).error(), "a hello from nobody"));
  CHECK(says(read_welcome(*arrived_as(welcome_of(said))).error(), "a welcome from nobody"));
}

TEST_CASE("a frame of another kind is no introduction") {
  const auto ping = forged([](auto frame) { frame.setPing(1); });
  REQUIRE_FALSE(read_hello(*ping));
  CHECK(read_hello(*ping).error() == error{code::invalid_argument, "the peer did not begin with a hello"});
  CHECK(says(read_welcome(*ping).error(), "the peer did not answer hello with welcome"));
  CHECK_FALSE(read_welcome(*arrived_as(sound())));
}

TEST_CASE("both sides agree on the same features") {
  auto caller = sound();
  auto own = sound();
  own.name = "cart-2";
  caller.features = {feature::load_queries, feature::presence};
  own.features = {feature::load_queries, feature::bouncing};
  const auto here = agree(caller, own);
  const auto there = agree(welcome_of(own), caller);
  REQUIRE(here);
  REQUIRE(there);
  CHECK(*here == *there);
  CHECK(*here == feature_set{feature::load_queries});
}

TEST_CASE("another version is refused with both, and with who is to follow") {
  auto caller = sound();
  auto own = sound();
  own.name = "cart-2";
  caller.version = protocol_version + 1;
  const auto newer = agree(caller, own);
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code == code::failed_precondition);
  CHECK(newer.error().text ==
        "node cart-2 speaks protocol version 2, the calling node version 3: bring node cart-2 to the release "
        "of the calling node");
  caller.version = 1;
  CHECK(says(agree(caller, own).error(),
             "the calling node version 1: bring the calling node to the release of node cart-2"));
  own.version = protocol_version + 1;
  const auto answer = agree(welcome_of(own), sound());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == code::failed_precondition);
  CHECK(answer.error().text ==
        "the node that answers speaks protocol version 3, node cart-1 version 2: bring node cart-1 to the "
        "release of the node that answers");
}

TEST_CASE("another cluster is refused with both names") {
  auto caller = sound();
  caller.cluster = "elsewhere";
  const auto refused = agree(caller, sound());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == code::permission_denied);
  CHECK(says(refused.error(), "belongs to cluster 'shop', the caller to 'elsewhere'"));
}
