// What a call asks for, what is recorded of its attempts, and what the router wants done about them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <troupe/base/ids.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/retry/fate.hpp>
#include <troupe/rpc/load_report.hpp>
#include <troupe/rpc/method_traits.hpp>
#include <troupe/rpc/safety.hpp>

namespace troupe::routing {

/// A service's name, interned by the router for its life: an index, dense from 0.
using service_ref = std::uint32_t;

/// One call, as the stub asks for it: the method and what its interface declares, then what this call wants.
struct call_spec {
  service_ref service = 0;
  std::uint32_t method = 0;  // method group for the statistics: any dense-ish small number
  rpc::method_traits traits;

  time_point deadline{};                  // whatever the traits' timeout
  std::optional<std::uint64_t> affinity;  // hash of the affinity key
  node_id only;                           // 0: any replica; else this node or nobody
  std::string_view method_name{};         // for people; must outlive the call
};

/// One attempt in a call's history: what errors and `explain` print.
struct attempt_record {
  node_id node;
  double score = 0;  // at the pick; lowest wins
  time_point started{};
  time_point ended{};                          // == started while under way
  retry::fate fate = retry::fate::never_sent;  // while under way: lost, as far as anybody knows
  troupe::code code = troupe::code::ok;
  std::string note;  // "overloaded", "connection lost", ...; empty on the hot path
};

// What the router wants done.
struct transmit {  // restamp the envelope and hand it to the link to `to`
  call_id call;
  attempt_id attempt;
  node_id to;
  std::uint8_t number = 1;      // 1 for the first attempt; one that bounced does not count
  duration remaining{0};        // > 0
  std::uint32_t bounce_at = 0;  // with so many requests there already, it is to come back; 0: never
};
struct withdraw {  // tell `to` that nobody waits any more
  attempt_id attempt;
  node_id to;
};
struct finish {  // `history(call)` is readable until the actor's next call in here
  call_id call;
  attempt_id winner;  // whose answer is the result; 0 when `failure` is
  error failure;
  rpc::advice advice = rpc::advice::may_retry;  // of the replica whose refusal ended the call
};
struct dial {  // a link to this node is wanted; report link_up or link_down
  node_id to;
};
struct hang_up {  // the link to this node is not wanted any more; nothing is under way on it
  node_id to;
};
struct probe {  // ask `to` how busy the service is there; report load_told. An answer that never comes is
                // fine
  node_id to;
  service_ref service = 0;
};
using action = std::variant<transmit, withdraw, finish, dial, hang_up, probe>;
using actions = std::vector<action>;

/// What came back for one attempt.
struct answer {
  retry::fate fate = retry::fate::answered;  // answered, refused or bounced
  troupe::code code = troupe::code::ok;      // of the application (answered) or of the refusal
  std::string_view text;                     // of a refusal
  const rpc::load_report* load = nullptr;
  rpc::advice advice = rpc::advice::may_retry;  // of a refusal
};

}  // namespace troupe::routing
