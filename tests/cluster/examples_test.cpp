// The examples' clusters, started from their own cluster files, used, and hurt.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <local_cluster/local_cluster.hpp>
#include <local_cluster/readiness.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include <troupe/node/node.hpp>

#include "cluster/running_example.hpp"
#include "hello.troupe.hpp"
#include "search.troupe.hpp"
#include "shop.troupe.hpp"

namespace {

using namespace std::chrono_literals;
using troupe::test::example;
namespace fs = std::filesystem;

/// The response, which has to be a success.
template <class Response>
Response good(Response answer) {
  if (!answer) FAIL(answer.error().explain());
  return answer;
}

/// What a program says that has to end well.
std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* const from = ::popen(command.c_str(), "r");
  REQUIRE(from != nullptr);
  std::array<char, 256> part{};
  while (std::fgets(part.data(), static_cast<int>(part.size()), from) != nullptr) text += part.data();
  CHECK(::pclose(from) == 0);
  return text;
}

std::vector<std::string> paths_of(capnp::List<search::Hit>::Reader hits) {
  std::vector<std::string> paths;
  for (const auto hit : hits) paths.emplace_back(hit.getPath().cStr());
  return paths;
}

}  // namespace

TEST_CASE("hello answers, also after one of its two greeters was killed") {
  example hello("hello");
  const auto greeter = hello.node().client<hello::Greeter>();
  const auto reply = good(greeter.greet("ann").wait());
  CHECK(std::string(reply->getGreeting().cStr()) == "Hello, ann!");
  hello.kill(reply->getFrom().cStr());
  const auto other = good(greeter.greet("bob").wait());
  CHECK(std::string(other->getGreeting().cStr()) == "Hello, bob!");
  CHECK(std::string(other->getFrom().cStr()) != reply->getFrom().cStr());
}

TEST_CASE("a client's own policy keeps to its rack, and goes elsewhere where nobody is left in it") {
  example racks("policy");
  const auto* programs = std::getenv("TROUPE_BIN_DIR");
  REQUIRE_MESSAGE(programs != nullptr, "run it by ctest, or set TROUPE_BIN_DIR");
  const auto ask = [&](const std::string& rack) {
    const auto command = "timeout 20 " + std::string(programs) + "/policy_ask " +
                         racks.cluster().addresses().front() + " " + rack;
    return output_of(command);
  };
  for (const std::string rack : {"a", "b"}) {
    const auto told = ask(rack);
    CAPTURE(told);
    CHECK(told.starts_with(rack + "-"));
    CHECK(told.find((rack == "a" ? "b" : "a") + std::string("-")) == told.npos);
  }
  racks.kill("b-1");
  racks.kill("b-2");
  const auto told = ask("b");
  CAPTURE(told);
  CHECK(told.starts_with("a-"));
  CHECK(told.find("b-") == told.npos);
}

TEST_CASE(
    "a cart is filled and paid for; its replica's death costs what it held, and nobody is charged twice") {
  example shop("shop");
  const auto cart = shop.node().client<shop::Cart>();
  const auto add = [&](const std::string& user, const char* item, std::uint32_t count) {
    return good(cart.add([&](shop::Cart::AddParams::Builder to) {
                      to.setUser(user);
                      to.initItem().setName(item);
                      to.getItem().setCount(count);
                    })
                    .wait())
        ->getCount();
  };
  // A router chooses among the replicas that it has a link to: here, all of them.
  for (const auto replica : shop.members("cart")) (void)good(cart.get("nobody").on(replica).wait());

  CHECK(add("ann", "tea", 3) == 3);
  CHECK(add("ann", "cup", 1) == 4);
  CHECK(add("ann", "tea", 2) == 3);
  const auto seen = good(cart.get("ann").wait());
  REQUIRE(seen->getItems().size() == 2);
  CHECK(std::string(seen->getItems()[0].getName().cStr()) == "cup");
  const auto paid = good(cart.checkout("ann").wait());
  CHECK(paid->getTotalCents() == 1200 + 2 * 450);
  CHECK(good(cart.get("ann").wait())->getItems().size() == 0);

  SUBCASE("an empty cart and goods that nobody sells are errors with a reason, and leave the cart") {
    const auto empty = cart.checkout("zoe").wait();
    REQUIRE_FALSE(empty);
    CHECK(empty.error().code == troupe::code::failed_precondition);
    (void)add("zoe", "yacht", 1);
    const auto refused = cart.checkout("zoe").wait();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == troupe::code::not_found);
    CHECK(good(cart.get("zoe").wait())->getItems().size() == 1);
  }

  (void)add("bob", "kettle", 1);
  const std::string victim = good(cart.get("bob").wait())->getServedBy().cStr();
  shop.kill(victim);
  const auto after = good(cart.get("bob").wait());
  CHECK(std::string(after->getServedBy().cStr()) != victim);
  CHECK(after->getItems().size() == 0);  // as the README says: it was in that replica's memory
  (void)add("bob", "kettle", 1);
  CHECK(good(cart.checkout("bob").wait())->getTotalCents() == 5900);

  std::set<std::string> orders;
  std::size_t charges = 0;
  const auto payment = shop.node().client<shop::Payment>();
  for (const auto replica : shop.members("payment")) {
    const auto told = good(payment.report().on(replica).wait());
    CHECK(told->getExecutedTwice() == 0);
    for (const auto charge : told->getCharges()) {
      ++charges;
      orders.insert(charge.getOrderId().cStr());
    }
  }
  CHECK(charges == 2);
  CHECK(orders.size() == charges);
}

TEST_CASE(
    "search finds licenses, gives the same answers with one replica of each shard left, and says when a "
    "shard is gone") {
  const auto journal = fs::temp_directory_path() / ("troupe-test-journal-" + std::to_string(::getpid()));
  fs::create_directory(journal);
  {
    example search("search", {"--corpus", "/usr/share/common-licenses", "--journal", journal.string()});
    const auto front = search.node().client<search::Front>();
    const auto before = good(front.query("warranty liability", 10).wait());
    REQUIRE(before->getHits().size() > 3);
    CHECK(before->getAnswered() == 3);
    CHECK_FALSE(before->getPartial());
    for (const auto& path : paths_of(before->getHits()))
      CHECK(path.starts_with("/usr/share/common-licenses/"));
    for (const auto hit : before->getHits()) CHECK(hit.getSnippet().size() > 0);
    for (capnp::uint i = 1; i < before->getHits().size(); ++i)
      CHECK(before->getHits()[i - 1].getScore() >= before->getHits()[i].getScore());
    const auto none = front.query("?!", 10).wait();
    REQUIRE_FALSE(none);
    CHECK(none.error().code == troupe::code::invalid_argument);

    const auto best = paths_of(before->getHits()).front();
    CHECK(good(front.recordClick(best).wait())->getClicks() == 1);
    for (const auto* victim : {"shard0-1", "shard1-2", "shard2-1"}) search.kill(victim);
    for (int i = 0; i < 10; ++i) {
      const auto after = good(front.query("warranty liability", 10).wait());
      CHECK(paths_of(after->getHits()) == paths_of(before->getHits()));
      CHECK_FALSE(after->getPartial());
    }
    (void)good(front.recordClick(best).wait());
    const auto report = good(front.clickReport().wait());
    CHECK(report->getClicks() == 2);
    CHECK(report->getExecutedTwice() == 0);

    search.kill("shard1-1");
    const auto partial = good(front.query("warranty liability", 10).wait());
    CHECK(partial->getPartial());
    CHECK(partial->getAnswered() == 2);
    CHECK(partial->getHits().size() > 0);
  }
  fs::remove_all(journal);
}
