// A user: asks through any node, prints what was found.
#include <cstdio>
#include <string>

#include <troupe/troupe.hpp>

#include "search.troupe.hpp"

int main(int argc, char** argv) {
  if (argc < 3) return std::fputs("usage: search_ask ADDRESS:PORT WORD...\n", stderr), 2;
  std::string text;
  for (int i = 2; i < argc; ++i) text += (i > 2 ? " " : "") + std::string(argv[i]);
  try {
    auto node = troupe::node::join(argv[1], {.role = troupe::gossip::role::observer, .log_level = "warn"});
    const auto reply = node.client<search::Front>().query(text, 10).wait();
    if (!reply) return std::fprintf(stderr, "%s\n", reply.error().explain().c_str()), 1;
    int rank = 0;
    for (const auto hit : reply->getHits())
      std::printf("%2d  %6.2f  %s\n            %s\n", ++rank, hit.getScore(), hit.getPath().cStr(),
                  hit.getSnippet().cStr());
    std::printf("%u documents match%s\n", reply->getMatched(),
                reply->getPartial() ? "; PARTIAL: not every shard answered" : "");
  } catch (const troupe::start_error& problem) {
    return std::fprintf(stderr, "search_ask: %s\n", problem.what()), 1;
  }
}
