#include <string>

#include <troupe/routing/failure_text.hpp>

namespace troupe::routing {

namespace {

std::string many(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string reason_of(const attempt_record& last) {
  return last.note.empty() ? std::string(to_string(last.fate)) : last.note;
}

std::string label(node_id id, const node_table& nodes) {
  const node_state* node = nodes.find(id);
  if (node == nullptr) return "node " + to_hex(id.value);
  return node->address.empty() ? node->name : node->name + " (" + node->address + ")";
}

/// "shop.Cart: overloaded, on cart-2 (127.0.0.1:7102)"
std::string what_came_last(const failure_view& view, const attempt_record& last) {
  return view.service().name + ": " + reason_of(last) + ", on " + label(last.node, view.nodes);
}

std::string time_since_begun(const failure_view& view) { return format_duration(view.now - view.call.began); }

/// "3 replicas are known, 2 connected, 1 silent or suspected (cart-2 (127.0.0.1:7102): connection refused)."
std::string known_replicas(const failure_view& view) {
  std::uint32_t all = 0;
  std::uint32_t connected = 0;
  std::uint32_t suspected = 0;
  std::string broken;
  for (const auto& [id, node] : view.nodes) {
    if (node.find(view.call.spec.service) == nullptr) continue;
    ++all;
    suspected += node.suspected || node.silent;
    if (node.link == link_state::up) {
      ++connected;
    } else if (broken.empty()) {
      broken =
          label(id, view.nodes) + ": " + (node.broken_why.empty() ? "still connecting" : node.broken_why);
    }
  }
  std::string text = many(all, "replica") + (all == 1 ? " is" : " are") + " known, " +
                     std::to_string(connected) + " connected";
  if (suspected > 0) text += ", " + std::to_string(suspected) + " silent or suspected";
  if (!broken.empty()) text += " (" + broken + ")";
  return text + ".";
}

}  // namespace

error nobody_offers(const failure_view& view) {
  const std::string& name = view.service().name;
  const std::string waited = time_since_begun(view);
  if (const node_id only = view.call.spec.only)
    return {code::unavailable, "Node " + to_hex(only.value) + ", which the call to " + name +
                                   " is pinned to, is not known; waited " + waited + " for it to appear."};
  std::string others;
  for (const auto& [other, ref] : view.services.by_name())
    if (view.services[ref].offered_by > 0 && others.size() < 200)
      others += (others.empty() ? "" : ", ") + other;
  return {
      code::unavailable,
      "No replica of " + name + " is known; waited " + waited + " for one to appear. " +
          (others.empty() ? "No service at all is known: check that this node has joined the cluster."
                          : "Known services: " + others + ". Check the name, and that a node serves it.")};
}

error nobody_reachable(const failure_view& view) {
  if (view.service().offered_by == 0) return nobody_offers(view);
  return {code::unavailable,
          "No replica of " + view.service().name + " could be reached within " + time_since_begun(view) +
              ": " + known_replicas(view) +
              " Check that the nodes run and that their addresses can be reached from here."};
}

error all_congested(const failure_view& view) {
  return {code::resource_exhausted,
          "Every connection to " + view.service().name +
              " holds as much unsent data as it may, so the call was refused here. " + known_replicas(view) +
              " Send less, send smaller requests, or add replicas."};
}

error throttled(const failure_view& view) {
  return {code::resource_exhausted,
          "The replicas of " + view.service().name +
              " refuse more than half of what this node sends them, since they are overloaded, so it sends "
              "less: this call was refused here. Send less, add replicas, or declare what may wait "
              "$Troupe.criticality(sheddable)."};
}

error too_many_calls(std::uint32_t under_way) {
  return {code::resource_exhausted, many(under_way, "call") +
                                        " are under way on this node, as many as it may have (calls_max). "
                                        "Wait for answers before calling again, or raise calls_max."};
}

error out_of_time(const failure_view& view) {
  const std::string& name = view.service().name;
  if (view.call.records.empty())
    return {code::deadline_exceeded,
            "The deadline of the call to " + name + " had passed before it began. Allow it more time."};
  return {code::deadline_exceeded, "No answer from " + name + " within " + time_since_begun(view) + " (" +
                                       many(view.call.records.size(), "attempt") + "). " +
                                       known_replicas(view) +
                                       " If the method may take longer, raise its timeout."};
}

error still_refused(const failure_view& view) {
  return {code::unavailable, what_came_last(view, view.call.records.back()) +
                                 ", and nobody else took the call within " + time_since_begun(view) + " (" +
                                 many(view.call.failovers + 1u, "attempt") + "). It was not executed. " +
                                 known_replicas(view)};
}

error cancelled(const failure_view& view) {
  return {code::cancelled, view.service().name + ": the caller cancelled the call."};
}

error not_repeated(const failure_view& view, const attempt_record& last) {
  return {code::unavailable,
          what_came_last(view, last) +
              ", after the request had been sent; not repeated: the method is not declared "
              "safe. It may or may not have been executed. If repeating is harmless, declare "
              "$Troupe.safety(idempotent) in the IDL."};
}

error attempts_used(const failure_view& view, const attempt_record& last) {
  const auto code = last.code == code::ok ? code::unavailable : last.code;
  return {code, view.service().name + ": all " + many(view.call.reached(), "attempt") +
                    " failed, the last on " + label(last.node, view.nodes) + ": " + reason_of(last) + ". " +
                    known_replicas(view) +
                    (code == code::resource_exhausted ? " Send less, or add replicas."
                                                      : " Look at the logs of these nodes.")};
}

error budget_empty(const failure_view& view, const attempt_record& last) {
  const auto code = last.code == code::ok ? code::unavailable : last.code;
  return {code, what_came_last(view, last) +
                    "; not repeated: the retry budget of the service is empty: about a tenth of its recent "
                    "calls may be repeated, and these are. " +
                    known_replicas(view)};
}

error told_not_to_retry(const failure_view& view, const attempt_record& last) {
  return {code::resource_exhausted, what_came_last(view, last) +
                                        "; not repeated: that replica sees many repeats, so the others are "
                                        "overloaded as well. Send less, or add replicas."};
}

}  // namespace troupe::routing
