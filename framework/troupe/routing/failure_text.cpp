// What a caller is told when a call fails: what happened, what is known, what to do. Whole sentences. The
// attempts are not told here: `history` has them, and whoever prints an error adds them.
#include <string>

#include <troupe/routing/router.hpp>

namespace troupe::routing {

namespace {

std::string many(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string reason_of(const attempt_record& last) {
  return last.note.empty() ? std::string(to_string(last.fate)) : last.note;
}

}  // namespace

std::string router::label(node_id of) const {
  const node* it = nodes_.find(of);
  if (it == nullptr) return "node " + to_hex(of.value);
  return it->address.empty() ? it->name : it->name + " (" + it->address + ")";
}

/// "3 replicas are known: 1 connected, 1 draining, 1 not connected (cart-2 (127.0.0.1:7102): connection
/// refused)".
std::string router::known(const call& it) const {
  std::uint32_t all = 0;
  std::uint32_t connected = 0;
  std::uint32_t suspected = 0;
  std::string broken;
  for (const auto& [id, one] : nodes_) {
    for (const node::replica& replica : one.replicas) {
      if (replica.service != it.spec.service) continue;
      ++all;
      suspected += one.suspected || one.silent;
      if (one.link == link_state::up) {
        ++connected;
      } else if (broken.empty()) {
        broken = label(id) + ": " + (one.broken_why.empty() ? "still connecting" : one.broken_why);
      }
    }
  }
  std::string text = many(all, "replica") + (all == 1 ? " is" : " are") + " known, " +
                     std::to_string(connected) + " connected";
  if (suspected > 0) text += ", " + std::to_string(suspected) + " silent or suspected";
  if (!broken.empty()) text += " (" + broken + ")";
  return text + ".";
}

error router::nobody_offers(const call& it, time_point now) const {
  const std::string& name = service_of(it).name;
  const std::string waited = format_duration(now - it.began);
  if (it.spec.only)
    return {code::unavailable, "Node " + to_hex(it.spec.only.value) + ", which the call to " + name +
                                   " is pinned to, is not known; waited " + waited + " for it to appear."};
  std::string others;
  for (const auto& [other, ref] : by_name_)
    if (services_[ref]->offered_by > 0 && others.size() < 200) others += (others.empty() ? "" : ", ") + other;
  return {
      code::unavailable,
      "No replica of " + name + " is known; waited " + waited + " for one to appear. " +
          (others.empty() ? "No service at all is known: check that this node has joined the cluster."
                          : "Known services: " + others + ". Check the name, and that a node serves it.")};
}

error router::nobody_reachable(const call& it, time_point now) const {
  const std::string& name = service_of(it).name;
  if (service_of(it).offered_by == 0) return nobody_offers(it, now);
  return {code::unavailable,
          "No replica of " + name + " could be reached within " + format_duration(now - it.began) + ": " +
              known(it) + " Check that the nodes run and that their addresses can be reached from here."};
}

error router::all_congested(const call& it) const {
  return {code::resource_exhausted,
          "Every connection to " + service_of(it).name +
              " holds as much unsent data as it may, so the call was refused here. " + known(it) +
              " Send less, send smaller requests, or add replicas."};
}

error router::out_of_time(const call& it, time_point now) const {
  const std::string& name = service_of(it).name;
  if (it.records.empty())
    return {code::deadline_exceeded,
            "The deadline of the call to " + name + " had passed before it began. Allow it more time."};
  return {code::deadline_exceeded, "No answer from " + name + " within " + format_duration(now - it.began) +
                                       " (" + many(it.records.size(), "attempt") + "). " + known(it) +
                                       " If the method may take longer, raise its timeout."};
}

error router::not_repeated(const call& it, const attempt_record& last) const {
  return {code::unavailable,
          service_of(it).name + ": " + reason_of(last) + ", on " + label(last.node) +
              ", after the request had been sent; not repeated: the method is not declared "
              "safe. It may or may not have been executed. If repeating is harmless, declare "
              "$Troupe.safety(idempotent) in the IDL."};
}

error router::attempts_used(const call& it, const attempt_record& last) const {
  const auto code = last.code == code::ok ? code::unavailable : last.code;
  return {code, service_of(it).name + ": all " + many(it.reached(), "attempt") + " failed, the last on " +
                    label(last.node) + ": " + reason_of(last) + ". " + known(it) +
                    (code == code::resource_exhausted ? " Send less, or add replicas."
                                                      : " Look at the logs of these nodes.")};
}

error router::budget_empty(const call& it, const attempt_record& last) const {
  const auto code = last.code == code::ok ? code::unavailable : last.code;
  return {code, service_of(it).name + ": " + reason_of(last) + ", on " + label(last.node) +
                    "; not repeated: the retry budget of the service is empty: about a tenth of its recent "
                    "calls may be repeated, and these are. " +
                    known(it)};
}

error router::throttled(const call& it) const {
  return {code::resource_exhausted,
          "The replicas of " + service_of(it).name +
              " refuse more than half of what this node sends them, since they are overloaded, so it sends "
              "less: this call was refused here. Send less, add replicas, or declare what may wait "
              "$Troupe.criticality(sheddable)."};
}

error router::told_not_to_retry(const call& it, const attempt_record& last) const {
  return {code::resource_exhausted, service_of(it).name + ": " + reason_of(last) + ", on " +
                                        label(last.node) +
                                        "; not repeated: that replica sees many repeats, so the others are "
                                        "overloaded as well. Send less, or add replicas."};
}

error router::still_refused(const call& it, time_point now) const {
  const attempt_record& last = it.records.back();
  return {code::unavailable, service_of(it).name + ": " + reason_of(last) + ", on " + label(last.node) +
                                 ", and nobody else took the call within " + format_duration(now - it.began) +
                                 " (" + many(it.failovers + 1u, "attempt") + "). It was not executed. " +
                                 known(it)};
}

error router::too_many_calls() const {
  return {code::resource_exhausted, many(calls_.live(), "call") +
                                        " are under way on this node, as many as it may have (calls_max). "
                                        "Wait for answers before calling again, or raise calls_max."};
}

}  // namespace troupe::routing
