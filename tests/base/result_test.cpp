#include <csignal>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <troupe/base/result.hpp>

using namespace troupe;

namespace {

// Runs `body` in a child process; returns what it wrote to stderr, and whether a signal aborted it.
struct ending {
  bool aborted = false;
  std::string said;
};

template <class Body>
ending end_of(Body body) {
  int pipe_ends[2];
  REQUIRE(pipe(pipe_ends) == 0);
  const auto child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // doctest's own handler would report
    dup2(pipe_ends[1], STDERR_FILENO);
    body();
    _exit(0);
  }
  close(pipe_ends[1]);
  ending seen;
  char buffer[512];
  for (ssize_t got = 0; (got = read(pipe_ends[0], buffer, sizeof buffer)) > 0;)
    seen.said.append(buffer, static_cast<std::size_t>(got));
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  seen.aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  return seen;
}

result<int> half_of(int number) {
  if (number % 2 != 0) return {code::invalid_argument, std::to_string(number) + " is odd"};
  return number / 2;
}

}  // namespace

TEST_CASE("a result holds a value or an error") {
  const auto good = half_of(8);
  REQUIRE(good);
  CHECK(*good == 4);
  const auto bad = half_of(7);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().code == code::invalid_argument);
  CHECK(bad.error().text == "7 is odd");
}

TEST_CASE("a result without a value is success unless an error was given") {
  result<void> good;
  CHECK(good);
  result<void> bad{code::unavailable, "gone"};
  REQUIRE_FALSE(bad);
  CHECK(bad.error() == error{code::unavailable, "gone"});
}

TEST_CASE("a value that only moves can be taken out") {
  result<std::unique_ptr<int>> held(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = *std::move(held);
  CHECK(*taken == 5);
}

TEST_CASE("a value is changed in place") {
  result<std::string> held(std::string("ann"));
  held->append("a");
  *held += "!";
  CHECK(held.value() == "anna!");
}

TEST_CASE("reading the side that is not there ends the process and says where") {
  const auto value = end_of([] { (void)half_of(7).value(); });
  CHECK(value.aborted);
  CHECK(value.said.find("broken invariant at ") != std::string::npos);
  CHECK(value.said.find("result.hpp:") != std::string::npos);
  CHECK(end_of([] { (void)half_of(8).error(); }).aborted);
  CHECK(end_of([] { (void)result<void>().error(); }).aborted);
  CHECK_FALSE(end_of([] { (void)half_of(8).value(); }).aborted);
}

TEST_CASE("an invariant that holds costs nothing and one that does not names its claim") {
  CHECK_FALSE(end_of([] { TROUPE_INVARIANT(1 + 1 == 2); }).aborted);
  const auto broken = end_of([] { TROUPE_INVARIANT(1 + 1 == 3); });
  CHECK(broken.aborted);
  CHECK(broken.said.find("1 + 1 == 3") != std::string::npos);
}

TEST_CASE("codes have gRPC's names and numbers") {
  CHECK(to_string(code::ok) == "OK");
  CHECK(to_string(code::deadline_exceeded) == "DEADLINE_EXCEEDED");
  CHECK(static_cast<int>(code::unavailable) == 14);
  CHECK(to_string(code::unavailable) == "UNAVAILABLE");
  CHECK(static_cast<int>(code::unauthenticated) == 16);
  CHECK(to_string(code::unauthenticated) == "UNAUTHENTICATED");
  CHECK(to_string(static_cast<code>(17)) == "CODE_17");
}

TEST_CASE("a code from the wire that gRPC does not have becomes unknown") {
  CHECK(code_from_wire(14) == code::unavailable);
  CHECK(code_from_wire(17) == code::unknown);
  CHECK(code_from_wire(65535) == code::unknown);
}

TEST_CASE("an error describes itself with its code, and with its text where it has one") {
  CHECK(error{code::unavailable, "no replica of shop.Cart is known"}.describe() ==
        "UNAVAILABLE: no replica of shop.Cart is known");
  CHECK(error{code::cancelled, ""}.describe() == "CANCELLED");
}
