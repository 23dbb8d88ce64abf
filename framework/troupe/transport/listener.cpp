#include <cerrno>

#include <fcntl.h>
#include <sys/socket.h>

#include <troupe/transport/listener.hpp>

namespace troupe::transport {

namespace {

constexpr int accepts_per_event = 64;

owned_fd reserve_descriptor() { return owned_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

listener::listener(event_loop& loop, owned_fd fd, std::function<void(owned_fd, endpoint)> accepted,
                   std::function<void()> refused)
    : event_handler(loop.backend(), fd.release()),
      reserve_(reserve_descriptor()),
      accepted_(std::move(accepted)),
      refused_(std::move(refused)) {}

void listener::stop() {
  if (stopped_) return;
  stopped_ = true;
  state_.reading = false;
  passivate();
}

void listener::handle_event(caf::io::network::operation what) {
  if (what != caf::io::network::operation::read) return;
  for (int i = 0; i < accepts_per_event && !stopped_; ++i) {
    socket_address peer;
    peer.size = sizeof peer.storage;
    owned_fd taken(::accept4(fd(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (taken.get() >= 0) {
      accepted_(std::move(taken), from_kernel(peer.storage));
    } else if (errno == EMFILE || errno == ENFILE) {
      // The kernel says so even when nobody is waiting.
      if (turn_one_away() == turned_away::nobody) return;
    } else if (errno != ECONNABORTED && errno != EINTR) {
      return;
    }
  }
}

listener::turned_away listener::turn_one_away() {
  reserve_ = owned_fd();
  owned_fd unwanted(::accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC));
  const auto who = unwanted.get() >= 0 ? turned_away::somebody : turned_away::nobody;
  unwanted = owned_fd();
  reserve_ = reserve_descriptor();
  if (who == turned_away::somebody) refused_();
  return who;
}

}  // namespace troupe::transport
