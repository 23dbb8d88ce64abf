// The links on which syncs run, and stream pings: dialled by this node, or accepted by its server.
//
// A sync's messages travel in `exchange` frames (idl/troupe/call.capnp), one after the other in both
// directions, each sealed. Everything has an end: 3 s for a peer to say welcome, 10 s for a sync, 1 s for a
// ping; and there are at most 8 syncs and 16 pings dialled, and 1,024 syncs served, at once. Whose syncs they
// are, and what is done with them, is the `party`'s business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <troupe/actor/environment.hpp>
#include <troupe/base/time.hpp>
#include <troupe/crypto/gossip_seal.hpp>
#include <troupe/membership/sync.hpp>
#include <troupe/transport/link.hpp>
#include <troupe/wire/frame.hpp>
#include <troupe/wire/message.hpp>

namespace troupe::gossip {

class sync_streams final : public transport::link::owner {
 public:
  /// What a core does, or an observer in its place; see membership/sync.hpp.
  class party {
   public:
    virtual ~party() = default;
    virtual membership::sync_session begin_sync(endpoint with, membership::sync_message& opening) = 0;
    /// Errors: this node serves none; the text is for the other side's log.
    virtual result<membership::sync_session> serve_sync() = 0;
    virtual result<std::optional<membership::sync_message>> receive_sync(
        membership::sync_session& session, const membership::sync_message& what) = 0;
    virtual void end_sync(membership::sync_session& session) = 0;
    virtual void exchange_failed() = 0;
    virtual membership::sync_message ask_presence(identity who) = 0;
    virtual void stream_answered(identity who) = 0;
    /// After any of these.
    virtual void settle() = 0;
  };

  /// All of them outlive this.
  sync_streams(const actor::environment& shared, crypto::gossip_seal& seal, std::uint64_t cluster,
               party& whose);

  void dial(endpoint with);
  void ping(identity who, endpoint at);

  /// What arrived on a link that the server accepted. `say(message, why)`: sends `message` unless it is
  /// empty, and closes the link unless `why` is.
  using reply = std::function<void(std::vector<std::byte> message, std::string why)>;
  void serve(std::uint64_t stream, std::span<const std::byte> message, const reply& say);
  void cut(std::uint64_t stream);

  /// Ends what took too long.
  void tick(time_point now);
  time_point next_deadline() const;
  void close_all(const std::string& why);

  void count(event_counts& into) const;

 private:
  struct dialled {
    std::unique_ptr<transport::link> connection;
    endpoint with;
    identity pinged;  // nobody: it is a sync
    time_point limit{};
    bool welcomed = false;
    bool done = false;
    crypto::gossip_seal::stream sealed;
    std::optional<membership::sync_session> session;
  };
  struct served {
    time_point limit{};
    crypto::gossip_seal::stream sealed;
    std::optional<membership::sync_session> session;
  };

  void on_open(transport::link& which) override;
  void on_frames(transport::link& which, std::vector<wire::frame>& frames) override;
  void on_closed(transport::link& which, const std::string& why) override;
  void on_congestion(transport::link&, congestion) override {}

  void begin(endpoint with, identity pinged, duration within);
  /// Errors: why the link must close.
  result<void> read_frame(dialled& on, wire::frame what);
  void read_welcome(dialled& on, const wire::message& answer);
  void take(dialled& on, std::span<const std::byte> bytes);
  /// False: the link is closed, and `on` gone.
  bool send(dialled& on, const membership::sync_message& what);
  /// Errors: what is wrong, for the log.
  result<membership::sync_message> open(crypto::gossip_seal::stream& sealed, std::span<const std::byte> bytes,
                                        std::vector<std::byte>& last_words);
  void end(served& on);

  const actor::environment& shared_;
  crypto::gossip_seal& seal_;
  std::uint64_t cluster_;
  party& party_;
  transport::event_loop& loop_;
  std::map<std::uint64_t, dialled> dialled_;
  std::size_t pings_ = 0;  // of them
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, served> served_;
  struct {
    std::uint64_t failed = 0, failed_pings = 0, bad_messages = 0, turned_away = 0;
  } counted_;
};

}  // namespace troupe::gossip
