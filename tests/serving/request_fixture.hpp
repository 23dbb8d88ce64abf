// Requests as they arrive, without a link.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include <troupe/base/time.hpp>
#include <troupe/rpc/criticality.hpp>
#include <troupe/serving/incoming_request.hpp>
#include <troupe/wire/call.hpp>
#include <troupe/wire/frame.hpp>

namespace troupe::serving::test {

struct request_text {
  std::uint64_t attempt = 1;
  std::uint8_t number = 1;  // of the attempt, in its call
  rpc::criticality criticality = rpc::criticality::normal;
  std::uint32_t bounce_at = 0;
  duration remaining = 1s;
};

inline std::unique_ptr<incoming_request> arrives(const request_text& what, time_point now) {
  wire::request_envelope envelope;
  envelope.begin({.service = "test.Echo"});
  envelope.stamp({.attempt = {what.attempt},
                  .number = what.number,
                  .criticality = what.criticality,
                  .bounce_at = what.bounce_at,
                  .remaining = what.remaining},
                 {});
  return std::make_unique<incoming_request>(wire::copy_to_frame(envelope.message()), wire::frame_limits{},
                                            now);
}

/// What the reply to it says of its failure, but for the text. REQUIRES: it failed.
inline wire::failure failure_of(incoming_request& request) {
  const wire::message message(wire::copy_to_frame(request.reply().message()), wire::frame_limits{});
  auto failed = wire::read_reply(message)->failed.value();
  failed.text = {};
  return failed;
}

}  // namespace troupe::serving::test
