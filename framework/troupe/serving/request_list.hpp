// A caller's requests that are under way, so that it can cancel them. The links of the list are in the
// requests, as each of them goes in and out; a caller has few at a time.
#pragma once

#include <troupe/base/ids.hpp>
#include <troupe/serving/incoming_request.hpp>

namespace troupe::serving {

class request_list {
 public:
  request_list() = default;
  request_list(const request_list&) = delete;
  request_list& operator=(const request_list&) = delete;

  /// REQUIRES: it is in no list. It must leave before it ends.
  void add(incoming_request& request);
  /// REQUIRES: it is in this list.
  void remove(incoming_request& request);
  /// Null where there is none.
  incoming_request* find(attempt_id attempt) const;
  /// Takes out the youngest; null where there is none.
  incoming_request* take_one();

 private:
  incoming_request* first_ = nullptr;
};

}  // namespace troupe::serving
