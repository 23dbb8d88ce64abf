// Frames over a connection, on the event loop.
//
// Frames go out at once when the connection takes them; the socket is watched only for what the connection
// wants. What is not taken waits here, up to a high-water mark: beyond it `send` refuses, so that a slow peer
// costs a bounded amount of memory. All members run on the loop's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <caf/io/network/event_handler.hpp>
#include <capnp/message.h>

#include <troupe/base/endpoint.hpp>
#include <troupe/base/result.hpp>
#include <troupe/transport/connection.hpp>
#include <troupe/transport/event_loop.hpp>
#include <troupe/transport/link_limits.hpp>
#include <troupe/transport/socket.hpp>
#include <troupe/wire/frame.hpp>

namespace troupe::transport {

class link final : public caf::io::network::event_handler {
 public:
  /// Who is told. A callback may close the link; it must not delete it (event_loop::dispose does).
  class owner {
   public:
    virtual ~owner() = default;
    /// The connection is established.
    virtual void on_open(link& which) = 0;
    virtual void on_frames(link& which, std::vector<wire::frame>& frames) = 0;
    /// The last callback. `why` is a sentence.
    virtual void on_closed(link& which, const std::string& why) = 0;
    enum class congestion : bool { over, begins };
    virtual void on_congestion(link& which, congestion what) = 0;
  };

  enum class phase { opening, open, closed };

  /// Made by a connector. `bytes` reads and writes `fd`.
  link(event_loop& loop, owned_fd fd, std::unique_ptr<connection> bytes, const endpoint& peer, owner& told,
       const link_limits& limits);
  ~link() override;

  /// Establishes the connection, then reads. Once.
  void start();

  enum class sent { yes, full, closed };
  enum class when_full { refuse, append };
  /// Appends the message; it leaves with the next `event_loop::flush`. `append` is for what must be said
  /// and is bounded elsewhere: an answer to a request that was read.
  sent send(capnp::MessageBuilder& message, when_full policy);
  /// Writes what waits, as far as the connection takes it.
  void flush();
  /// At the end of a turn: reads what the connection held back while reading was paused, and flushes.
  void catch_up();
  void close(const std::string& why);

  /// A paused link leaves its bytes to the kernel, and so the peer's to the peer.
  void pause_reading();
  void resume_reading();

  phase now() const { return phase_; }
  /// What was dialled, or where it was accepted from.
  const endpoint& peer() const { return peer_; }
  bool congested() const { return congested_; }
  std::size_t queued_bytes() const { return out_.size() - written_; }
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  std::uint64_t received_bytes() const { return received_bytes_; }

  /// Free for the owner: which of its records this is.
  std::uint64_t tag = 0;

  void handle_event(caf::io::network::operation what) override;
  void removed_from_loop(caf::io::network::operation) override {}
  void graceful_shutdown() override { close("the node is stopping"); }

 private:
  void establish();
  void read_some();
  void write_large(capnp::MessageBuilder& message);
  /// Writes what waits, and closes nothing: `flush` meets a failure again.
  io_result write_some();
  void catch_up_later();
  void watch_readable(bool wanted);
  void watch_writable(bool wanted);
  /// The socket is watched for reading while the owner wants frames or a write wants to read, and the other
  /// way round.
  void watch_as_wanted();
  void note_queue();
  /// For the socket; until then writing is of no use.
  bool waits_to_write() const { return state_.writing || write_wants_read_; }

  event_loop& loop_;
  std::unique_ptr<connection> connection_;
  endpoint peer_;
  owner& owner_;
  link_limits limits_;
  phase phase_ = phase::opening;
  bool reading_ = false;
  bool watching_readable_ = false;
  bool read_wants_write_ = false;
  bool write_wants_read_ = false;
  bool congested_ = false;
  bool dirty_ = false;
  wire::frame_splitter splitter_;
  std::vector<wire::frame> frames_;
  std::vector<std::byte> out_;
  std::size_t written_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t received_bytes_ = 0;
};

}  // namespace troupe::transport
