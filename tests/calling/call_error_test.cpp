// What a failed call prints: the layout that people read at three in the morning.
#include <string>
#include <type_traits>

#include <doctest/doctest.h>

#include <troupe/calling/call_error.hpp>

using namespace troupe;

TEST_CASE("a failed call explains itself in one line, and a line for each attempt") {
  call_error problem;
  problem.code = code::unavailable;
  problem.text = "connection lost after sending";
  problem.target = "shop.Cart.checkout";
  problem.took = 158ms;
  problem.allowed = 300ms;
  problem.attempts = {
      {"cart-2", "127.0.0.1:7102", .314, 38ms, "refused: overloaded -> tried elsewhere"},
      {"c", "127.0.0.1:80", 12.5, 120ms, "connection lost after sending -> not repeated"},
  };
  problem.known = "3 alive, 1 suspect (cart-4)";
  problem.call = "0f3c91d2a7b4e865-1000001";
  problem.hint = "declare it idempotent if it is";
  CHECK(problem.explain() ==
        "shop.Cart.checkout UNAVAILABLE after 2 attempts, 158 ms of 300 ms: connection lost after sending\n"
        "  1  cart-2  127.0.0.1:7102  score 0.31     38 ms  refused: overloaded -> tried elsewhere\n"
        "  2  c       127.0.0.1:80    score 12.50    120 ms  connection lost after sending -> not repeated\n"
        "  call: 0f3c91d2a7b4e865-1000001\n"
        "  known: 3 alive, 1 suspect (cart-4)\n"
        "  hint: declare it idempotent if it is");
}

TEST_CASE("an explanation leaves out what is not known") {
  call_error problem;
  problem.code = code::not_found;
  CHECK(problem.explain() == "NOT_FOUND");
  problem.text = "no such cart";
  CHECK(problem.explain() == "NOT_FOUND: no such cart");
  problem.target = "shop.Cart.get";
  CHECK(problem.explain() == "shop.Cart.get NOT_FOUND: no such cart");
  problem.took = 2ms;
  problem.allowed = 1s;
  CHECK(problem.explain() == "shop.Cart.get NOT_FOUND after 2 ms of 1 s: no such cart");
  problem.attempts = {{"cart-1", "here", -1, 1ms, "NOT_FOUND"}};
  CHECK(problem.explain().ends_with("\n  1  cart-1  here  on trial        1 ms  NOT_FOUND"));
  problem.attempts = {{"cart-1", "here", 0, 1ms, "NOT_FOUND"}};
  CHECK(problem.explain().find("NOT_FOUND after 1 attempt, 2 ms of 1 s: no such cart\n  1  cart-1  here  ") !=
        std::string::npos);
}
