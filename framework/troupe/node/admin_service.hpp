// The service that every node answers about itself: idl/troupe/admin.capnp.
#pragma once

#include <memory>

#include <troupe/admin.troupe.hpp>
#include <troupe/node/body.hpp>

namespace troupe {

class admin_service final : public admin::AdminService {
 public:
  explicit admin_service(node::body& of) : of_(of) {}

  task<> node(context& ctx, NodeParams::Reader params, NodeResults::Builder results) override;
  task<> members(context& ctx, MembersParams::Reader params, MembersResults::Builder results) override;
  task<> services(context& ctx, ServicesParams::Reader params, ServicesResults::Builder results) override;
  task<> describe(context& ctx, DescribeParams::Reader params, DescribeResults::Builder results) override;
  task<> explain(context& ctx, ExplainParams::Reader params, ExplainResults::Builder results) override;
  task<> links(context& ctx, LinksParams::Reader params, LinksResults::Builder results) override;
  task<> fault(context& ctx, FaultParams::Reader params, FaultResults::Builder results) override;
  task<> drain(context& ctx, DrainParams::Reader params, DrainResults::Builder results) override;
  task<> policy(context& ctx, PolicyParams::Reader params, PolicyResults::Builder results) override;
  task<> explainCall(context& ctx, ExplainCallParams::Reader params,
                     ExplainCallResults::Builder results) override;
  task<> calls(context& ctx, CallsParams::Reader params, CallsResults::Builder results) override;
  task<> events(context& ctx, EventsParams::Reader params, EventsResults::Builder results) override;
  task<> keys(context& ctx, KeysParams::Reader params, KeysResults::Builder results) override;
  task<> orderKeys(context& ctx, OrderKeysParams::Reader params, OrderKeysResults::Builder results) override;
  task<> join(context& ctx, JoinParams::Reader params, JoinResults::Builder results) override;

 private:
  node::body& of_;
};

}  // namespace troupe
