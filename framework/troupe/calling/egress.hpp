// The links that this node has made to others, and what comes in on them: the counterpart of
// serving/ingress.hpp.
//
// It knows where nodes listen, dials and says hello, reads frames, and watches who still answers. What that
// means for calls is the router's. On the event loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <capnp/message.h>

#include <troupe/actor/environment.hpp>
#include <troupe/actor/link_report.hpp>
#include <troupe/base/endpoint.hpp>
#include <troupe/base/ids.hpp>
#include <troupe/base/result.hpp>
#include <troupe/base/time.hpp>
#include <troupe/calling/node_change.hpp>
#include <troupe/transport/keep_alive.hpp>
#include <troupe/transport/link.hpp>
#include <troupe/wire/features.hpp>
#include <troupe/wire/message.hpp>
#include <troupe/wire/signals.hpp>

namespace troupe::calling {

class egress final : public transport::link::owner {
 public:
  /// Who is told. It may send, dial and hang up meanwhile, but for `on_silence`.
  class listener {
   public:
    virtual ~listener() = default;
    virtual void on_node_change(const routing::node_view& now_known, time_point now) = 0;
    /// The link is made, and the node has said welcome: it may be sent to.
    virtual void on_link_up(node_id to, wire::feature_set agreed, time_point now) = 0;
    /// The link is gone, or none could be made. `why` is a sentence.
    virtual void on_link_down(node_id to, const std::string& why, time_point now) = 0;
    virtual void on_congestion(node_id to, congestion what, time_point now) = 0;
    /// Frames have come in on an established link; what they say is told next.
    virtual void on_heard(node_id from, time_point now) = 0;
    /// Errors: why the link must close.
    virtual result<void> on_reply(wire::message_ptr reply, time_point now) = 0;
    virtual void on_load(node_id from, const wire::load_answer& said, time_point now) = 0;
    /// It does not answer any more, though its link is there: said once a silence, by `check`.
    virtual void on_silence(node_id from, time_point now) = 0;
    /// All that came at once has been told.
    virtual void on_told(time_point now) = 0;
  };

  /// `told` outlives this.
  egress(const actor::environment& shared, listener& told) : shared_(shared), told_(told) {}
  egress(const egress&) = delete;
  egress& operator=(const egress&) = delete;

  /// What membership says of another node. A link to a node that has moved or gone is closed.
  void learn(const node_change& what, time_point now);
  struct label {
    std::string name;
    std::string address;
  };
  /// For people; an unknown node's name is its number.
  label label_of(node_id node) const;

  /// Brings about `on_link_up` or `on_link_down`; neither where there is a link.
  void dial(node_id to, time_point now);
  void hang_up(node_id to, const std::string& why);
  struct open_link {
    transport::link* connection;
    wire::feature_set features;  // agreed on it
  };
  /// None before the node's welcome.
  std::optional<open_link> find(node_id to);

  /// To be called at `next_check`: who is silent, and whom dialling took too long.
  void check(time_point now);
  time_point next_check() const { return next_check_; }
  /// Who was heard on a link is told to `heard`, a few times a second.
  void report_life(std::function<void(std::vector<identity>)> heard) { heard_ = std::move(heard); }

  void close_all(const std::string& why);
  void tell(std::vector<actor::link_report>& links, actor::counters& counted) const;

 private:
  struct peer {
    node_id id;
    std::string name;
    endpoint address;
    routing::node_view view;
    std::unique_ptr<transport::link> connection;
    bool welcomed = false;
    identity life;               // who said welcome
    wire::feature_set features;  // agreed on this link
    time_point dial_limit = never;
    transport::keep_alive pulse{{}, {}};
    std::uint64_t received_bytes = 0;  // when its link was last looked at
    std::uint64_t sent_bytes = 0;
  };

  void on_open(transport::link& which) override;
  void on_frames(transport::link& which, std::vector<wire::frame>& frames) override;
  void on_closed(transport::link& which, const std::string& why) override;
  void on_congestion(transport::link& which, congestion what) override;

  // Errors: why the link must close.
  result<void> read_frame(peer& from, wire::frame what, time_point now);
  void read_welcome(peer& from, const wire::message& answer, time_point now);
  result<void> read_load_answer(const peer& from, const wire::message& message, time_point now);
  result<void> read_go_away(peer& from, const wire::message& message, time_point now);
  /// Whether it was heard since it was last looked at. `stalled`: this process itself did not run.
  bool note_life(peer& other, bool stalled, time_point now);
  /// Why its link must close; null: it stays.
  const char* check_pulse(peer& other, time_point now);

  const actor::environment& shared_;
  listener& told_;
  std::unordered_map<node_id, peer> peers_;
  std::function<void(std::vector<identity>)> heard_;
  time_point next_check_ = never;
  time_point last_check_{};
  std::uint64_t bad_frames_ = 0;
  std::uint64_t fell_silent_ = 0;
};

}  // namespace troupe::calling
