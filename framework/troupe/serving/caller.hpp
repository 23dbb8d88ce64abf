// Who sends requests by one link, or from this very process, and what of its requests is under way.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/serving/incoming_request.hpp>
#include <troupe/serving/request_list.hpp>
#include <troupe/transport/link.hpp>
#include <troupe/wire/features.hpp>

namespace troupe::serving {

struct hosted_service;

struct caller {
  std::shared_ptr<const sender> node;     // null until its hello
  wire::feature_set features;             // agreed with it
  transport::link* connection = nullptr;  // null: this very process
  request_list under_way;

  /// Of its requests to this service, how many are in flight.
  std::uint32_t& in_flight_of(const hosted_service* service);
  /// Nobody waits for the answer of this attempt any more.
  void cancel(attempt_id attempt) const;
  /// Nor for any: its link is gone, and so will be this record.
  void cut();

 private:
  struct share {
    const hosted_service* of;
    std::uint32_t in_flight;
  };
  std::vector<share> shares_;  // few
};

}  // namespace troupe::serving
