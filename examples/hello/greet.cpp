// A client: joins through any node, asks once, prints the answer.
#include <cstdio>

#include <troupe/troupe.hpp>

#include "hello.troupe.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: hello_greet ADDRESS:PORT NAME\n", stderr), 2;
  try {
    auto node = troupe::node::join(argv[1], {.log_level = "warn"});
    const auto reply = node.client<hello::Greeter>().greet(argv[2]).wait();
    if (!reply) return std::fprintf(stderr, "%s\n", reply.error().explain().c_str()), 1;
    std::printf("%s (from %s)\n", reply->getGreeting().cStr(), reply->getFrom().cStr());
  } catch (const troupe::start_error& problem) {
    return std::fprintf(stderr, "hello_greet: %s\n", problem.what()), 1;
  }
}
