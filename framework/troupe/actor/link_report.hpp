// What the outside sees of one link, whoever made it: a line of `troupe links`.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <troupe/transport/link.hpp>

namespace troupe::actor {

struct link_report {
  std::string node;  // empty where it has not said yet
  std::string address;
  std::string state;  // a word or two
  std::uint64_t queued_bytes = 0, sent_bytes = 0, received_bytes = 0;
};

inline link_report report_of(const transport::link& which, std::string node, std::string address,
                             std::string state) {
  return {std::move(node),      std::move(address), std::move(state),
          which.queued_bytes(), which.sent_bytes(), which.received_bytes()};
}

}  // namespace troupe::actor
