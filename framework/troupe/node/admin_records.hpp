// What the admin service tells, written into its messages.
#pragma once

#include <string>

#include <troupe/admin.troupe.hpp>
#include <troupe/calling/router_actor.hpp>
#include <troupe/gossip/gossip_actor.hpp>
#include <troupe/membership/core.hpp>
#include <troupe/serving/server.hpp>

namespace troupe {

/// `known`: all members, which the accuser and the observers are among.
void write_member(admin::Member::Builder to, const membership::member& from,
                  const std::vector<membership::member>& known, time_point now);
void write_event(admin::MemberEvent::Builder to, const membership::past_event& from, time_point now);
void write_links(admin::Admin::LinksResults::Builder results, const serving::server::report& in,
                 const calling::router_actor::report& out, const gossip::gossip_actor::report& gossip);
void write_explanation(admin::Explanation::Builder to, const calling::router_actor::service_view& from,
                       time_point now);
/// `caller`: the node that made the call, and is writing this.
void write_call(admin::RecentCall::Builder to, const routing::recent_call& from, const identity& caller,
                time_point now);

}  // namespace troupe
